"""Read a configuration: one file, its drop-ins and the environment over each other; or every problem of all of them.

/etc/aiguard-agent/config.yaml  <  /etc/aiguard-agent/config.d/*.yaml by name  <  AIGUARD_<SECTION>_<KEY>

What comes later wins key by key. A list replaces a list; `findings.remap` is merged rule by rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from aiguard_agent.config import disk
from aiguard_agent.config.checks import contradictions, missing_files
from aiguard_agent.config.keys import build, keys
from aiguard_agent.config.layers import Layer, document_layer, environment_layer
from aiguard_agent.config.schema import Config
from aiguard_agent.errors import DocumentError

DEFAULT = Path("/etc/aiguard-agent/config.yaml")
VARIABLE = "AIGUARD_CONFIG"
"""Names another file."""


class Loaded(Struct, frozen=True, kw_only=True):
    """A configuration that holds, and where it came from."""

    config: Config
    origins: Mapping[str, str] = {}
    """Where each key was given that has not its default: `config.yaml:12`, `$AIGUARD_LOG_LEVEL`."""
    files: tuple[str, ...] = ()
    """The files that were read, in the order in which they count."""
    full: frozenset[str] = frozenset()
    """Those of them that held anything at all."""


def load(
    path: Path,
    environ: Mapping[str, str],
    *,
    rules: Collection[str] = (),
    required: bool = True,
    files: bool = True,
) -> Loaded:
    """Read a configuration from disk. Raises DocumentError with all of its problems.

    `rules` are the rule ids there are. Without `required` a missing file means defaults; without `files` it is not
    asked whether what the configuration names is there.
    """
    layers = [*_documents(path, rules, required=required), environment_layer(environ, rules)]
    return _loaded(layers, environ, files=files)


def parse(
    text: str,
    *,
    file: str = "config.yaml",
    environ: Mapping[str, str] | None = None,
    rules: Collection[str] = (),
) -> Loaded:
    """Read the text of one file, with an environment over it. Raises DocumentError. Asks nothing of the disk."""
    layers = [document_layer(text, file, rules), environment_layer(environ or {}, rules)]
    return _loaded(layers, {}, files=False)


def chosen(given: str | None, environ: Mapping[str, str]) -> tuple[Path, bool]:
    """Return the file to read and whether it must be there: as given, $AIGUARD_CONFIG, or the default place."""
    named = given or environ.get(VARIABLE, "")
    return (Path(named), True) if named else (DEFAULT, False)


def drop_in_directory(path: Path) -> Path:
    """Return where the drop-ins of a file lie: `config.d` beside `config.yaml`."""
    return path.with_suffix(".d")


def _documents(path: Path, rules: Collection[str], *, required: bool) -> list[Layer]:
    layers = [layer for layer in [_read(path, rules)] if required or not layer.absent]
    folder = drop_in_directory(path)
    try:
        layers += [_read(file, rules) for file in disk.drop_ins(folder)]
    except disk.Unfit as error:
        layers.append(Layer(str(folder), problems=[f"{folder}: {error}"]))
    return layers


def _read(path: Path, rules: Collection[str]) -> Layer:
    try:
        return document_layer(disk.document(path), str(path), rules)
    except disk.Unfit as error:
        return Layer(str(path), problems=[f"{path}:{error.line}: file: {error}"], absent=error.absent)


def _loaded(layers: list[Layer], environ: Mapping[str, str], *, files: bool) -> Loaded:
    values, origins = _merged(layers)
    config = build(values)
    problems = [problem for layer in layers for problem in layer.problems]
    faults = [*missing_files(config, values, environ)] if files else []
    if not problems:  # a key that could not be read would seem to be missing beside its partner
        faults += contradictions(config)
    problems += [f"{origins.get(name.partition('[')[0], 'default')}: {name}: {words}" for name, words in faults]
    if problems:
        raise DocumentError(problems)
    documents = layers[:-1]
    return Loaded(
        config=config,
        origins=origins,
        files=tuple(layer.name for layer in documents),
        full=frozenset(layer.name for layer in documents if not layer.empty),
    )


def _merged(layers: Iterable[Layer]) -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for layer in layers:
        for name, value in layer.values.items():
            merge = keys()[name].shape == "mapping"
            values[name] = tuple({**dict(values.get(name, ())), **dict(value)}.items()) if merge else value
        origins.update(layer.origins)
    return values, origins
