"""Read signature documents; every error of every file at once, with file and key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, get_args

import msgspec
import yaml

from aiguard_agent.core.nodes import compose
from aiguard_agent.core.problems import cut, nearest
from aiguard_agent.errors import DocumentError
from aiguard_agent.signatures.expression import parse_path, parse_test
from aiguard_agent.signatures.schema import Condition, ServerSignature

SIZE_LIMIT = 256 * 1024
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@lru_cache(maxsize=1)
def bundled() -> tuple[ServerSignature, ...]:
    """Return the signatures that ship with the agent, ordered by id; raises DocumentError.

    Their expressions are not looked at again: the suite holds them, and compiling them all takes longer than a scan.
    """
    return load(_documents(resources.files("aiguard_agent.signatures") / "data" / "servers"), expressions=False)


def load_directory(directory: Path) -> tuple[ServerSignature, ...]:
    """Return the signatures of a folder of `<id>.yaml` files; raises DocumentError naming every problem."""
    return load(_documents(directory))


def merged(base: Iterable[ServerSignature], extra: Iterable[ServerSignature]) -> tuple[ServerSignature, ...]:
    """Return base with extra added; an id of `extra` replaces the one of `base`."""
    by_id = {signature.id: signature for signature in (*base, *extra)}
    return tuple(by_id[key] for key in sorted(by_id))


def load(documents: Iterable[tuple[str, str]], *, expressions: bool = True) -> tuple[ServerSignature, ...]:
    """Return the signatures of (file name, text) pairs, ordered by id; raises DocumentError naming every problem."""
    problems: list[str] = []
    found: dict[str, ServerSignature] = {}
    for name, text in documents:
        try:
            signature = parse(name, text, expressions=expressions)
        except DocumentError as error:
            problems += error.problems
            continue
        if signature.id in found:
            problems.append(f"{name}: id: {signature.id!r} is defined twice")
        found[signature.id] = signature
    if problems:
        raise DocumentError(problems)
    return tuple(found[key] for key in sorted(found))


def parse(name: str, text: str, *, expressions: bool = True) -> ServerSignature:
    """Return the signature of one document; raises DocumentError. `expressions=False` trusts what is in it."""
    try:
        raw: Any = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader, the C one where libyaml is built in
        signature = msgspec.convert(raw, ServerSignature, strict=True)
    except yaml.YAMLError as error:
        raise DocumentError([f"{name}: not YAML: {' '.join(str(error).split())}"]) from error
    except msgspec.ValidationError as error:
        raise DocumentError([_placed(name, text, str(error))]) from error
    problems = [f"{name}: {problem}" for problem in _problems(name, signature)] if expressions else []
    if problems:
        raise DocumentError(problems)
    return signature


def _placed(name: str, text: str, words: str) -> str:
    """Say where in the file msgspec's words hold, and which key was probably meant."""
    what, _at, path = words.partition(" - at `$")
    steps = [key or int(index) for key, index in re.findall(r"\.(\w+)|\[(\d+)\]", path)]
    node = compose(text)
    for step in steps:
        if node is None:
            break
        node = node.get(step) if isinstance(step, str) else node.items[step] if step < len(node.items) else None
    line = node.line if node is not None else 1
    if unknown := re.search(r"unknown field `(.+)`", what):
        keys = node.keys if node is not None else []
        line = next((key.line for key in keys if key.text == unknown[1]), line)
        what = f"unknown key `{cut(unknown[1])}`, {nearest(unknown[1], _keys(steps))}"
    where = path.strip("`.") or "file"
    return f"{name}:{line}: {where}: {what}"


def _keys(steps: Sequence[str | int]) -> tuple[str, ...]:
    """Return the keys that the schema knows at a place, those of the whole signature at an unknown one."""
    kind: Any = ServerSignature
    for step in steps:
        if isinstance(step, str) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            hint = {field.name: field.type for field in msgspec.structs.fields(kind)}.get(step)
            kind = next((one for one in (hint, *get_args(hint)) if _is_struct(one)), kind)
    return tuple(field.name for field in msgspec.structs.fields(kind))


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _documents(folder: Traversable) -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".yaml"):
            with entry.open("rb") as stream:
                data = stream.read(SIZE_LIMIT + 1)
            if len(data) > SIZE_LIMIT:
                raise DocumentError([f"{entry.name}: longer than {SIZE_LIMIT} bytes"])
            yield _spoken(folder, entry), data.decode("utf-8", "replace")


def _spoken(folder: Traversable, entry: Traversable) -> str:
    """A file of a user's folder is named with its folder."""
    return str(folder / entry.name) if isinstance(folder, Path) else entry.name


def _problems(name: str, signature: ServerSignature) -> Iterator[str]:
    if Path(name).stem != signature.id:
        yield f"id: {signature.id!r} differs from the file name"
    probes = {probe.id for probe in signature.probes}
    if len(probes) < len(signature.probes):
        yield "probes: two probes share an id"
    yield from _expressions(signature)
    for key, wanted in _references(signature):
        if wanted and wanted not in probes:
            yield f"{key}: no probe {wanted!r}"
    for probe in signature.probes:
        if bool(probe.get) == bool(probe.post):
            yield f"probes.{probe.id}: give either get or post"
        elif not (probe.get or probe.post).startswith("/"):
            yield f"probes.{probe.id}: a path begins with /"


def _references(signature: ServerSignature) -> Iterator[tuple[str, str]]:
    yield from (("version.probe", reader.probe) for reader in signature.version)
    yield from (("models.probe", reader.probe) for reader in signature.models)
    yield from (("auth.probe", reader.probe) for reader in signature.auth)
    yield from (("open_routes", probe) for probe in signature.open_routes)


def _expressions(signature: ServerSignature) -> Iterator[str]:
    process = signature.process
    patterns = [("process.cmdline", p) for p in process.cmdline] + [("process.unless", p) for p in process.unless]
    patterns += [("version.pattern", r.pattern) for r in signature.version]
    patterns += [("version.path", r.path) for r in signature.version]
    patterns += [("auth.argv", r.argv) for r in signature.auth] + [
        ("auth.env_value", r.env_value) for r in signature.auth
    ]
    conditions = [(f"probes.{p.id}.match", p.match) for p in signature.probes]
    conditions += [("auth.when", r.when) for r in signature.auth]
    for key, condition in conditions:
        if condition is not None:
            patterns += [(f"{key}.header", pattern) for pattern in condition.header.values()]
            yield from _tests(key, condition)
    for key, pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            yield f"{key}: bad regular expression {pattern!r}: {error}"
    paths = [("version.json", r.json) for r in signature.version if r.json]
    for reader in signature.models:
        paths += [(f"models.{key}", path) for key, path in (("json", reader.json), ("digest", reader.digest)) if path]
    for key, path in paths:
        try:
            parse_path(path)
        except ValueError as error:
            yield f"{key}: {error}"


def _tests(key: str, condition: Condition) -> Iterator[str]:
    for test in condition.json:
        try:
            parse_test(test)
        except ValueError as error:
            yield f"{key}.json: {error}"
