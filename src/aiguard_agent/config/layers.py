"""One source of values, read key by key: a YAML document or the environment. Pure.

A layer holds what its source says and everything that is wrong with it; `config.load` puts layers over each other.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from aiguard_agent.config.keys import OFF, PREFIX, Key, keys, sections
from aiguard_agent.config.values import RuleId, Secret, SecretFile, rule
from aiguard_agent.core.nodes import Malformed, Node, compose
from aiguard_agent.core.problems import Problem, cut, known_keys, listed, sentences

LIST_LIMIT = 1000
"""Values that one list or mapping has at most."""
_TOP = tuple(name for name in sections() if "." not in name)
_VARIABLES = {key.variable: key for key in keys().values()}
_OTHERS = frozenset({"AIGUARD_CONFIG", "AIGUARD_INVENTORY"})
"""Read by the command line."""
_SERVICE_LINK = re.compile(r"_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)?)\Z")
"""What Kubernetes sets in every container for a Service whose name begins with `aiguard-`."""
_SECRETS = (Secret, SecretFile)


@dataclass(slots=True)
class Layer:
    """What one source says."""

    name: str
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    """Where each key was given: `config.yaml:12`, `$AIGUARD_LOG_LEVEL`."""
    problems: list[str] = field(default_factory=list)
    empty: bool = False
    """True for a document that holds nothing at all, as one does that is being written right now."""
    absent: bool = False
    """True when there is no such file."""


def document_layer(text: str, file: str, rules: Collection[str] = ()) -> Layer:
    """Read the text of one file; with `rules` their ids are checked."""
    layer = Layer(file)
    try:
        root = compose(text)
    except Malformed as error:
        layer.problems.append(f"{file}:{error.line}: file: {error}")
        return layer
    layer.empty = root is None or root.null
    if root is None or root.null:
        return layer
    problems: list[Problem] = []
    if root.kind != "mapping":
        problems.append((root.line, f"file: must hold sections, of {listed(_TOP)}"))
    else:
        for name, node in known_keys(root, _TOP, "", problems, may_be_empty=_TOP):
            _section(name, node, layer, rules, problems)
    layer.problems += sentences(file, problems)
    return layer


def environment_layer(environ: Mapping[str, str], rules: Collection[str] = ()) -> Layer:
    """Read the variables AIGUARD_<SECTION>_<KEY>; one that looks like such a name but is none is a problem."""
    layer = Layer("environment")
    for variable in sorted(name for name in environ if name.startswith(PREFIX)):
        key = _VARIABLES.get(variable)
        if key is None:
            layer.problems += _stray(variable)
            continue
        problems: list[str] = []
        value = _of_text(key, environ[variable], rules, problems)
        layer.problems += [f"${variable}: {key.name}{words}" for words in problems]
        if not problems:
            layer.values[key.name] = value
            layer.origins[key.name] = f"${variable}"
    return layer


def _section(prefix: str, node: Node, layer: Layer, rules: Collection[str], problems: list[Problem]) -> None:
    if node.null:
        return
    if node.kind != "mapping":
        problems.append((node.line, f"{prefix}: must be a section of `key: value`"))
        return
    nested = [name.rpartition(".")[2] for name in sections() if name.rpartition(".")[0] == prefix]
    names = [name.rpartition(".")[2] for name in keys() if name.rpartition(".")[0] == prefix]
    for name, value in known_keys(node, [*names, *nested], f"{prefix}.", problems, may_be_empty=nested):
        if name in nested:
            _section(f"{prefix}.{name}", value, layer, rules, problems)
            continue
        key = keys()[f"{prefix}.{name}"]
        before = len(problems)
        found = _of_node(key, value, rules, problems)
        if len(problems) == before:
            layer.values[key.name] = found
            layer.origins[key.name] = f"{layer.name}:{value.line}"


def _of_node(key: Key, node: Node, rules: Collection[str], problems: list[Problem]) -> Any:
    """Return the value of a node; what is wrong goes to `problems`."""
    here: list[str] = []
    value: Any = None
    if key.type in _SECRETS and node.kind == "mapping":
        value = _secret(key, node, problems)
    elif key.shape == "list" and node.kind == "list":
        value = tuple(_items(key, node, rules, problems))
    elif key.shape == "mapping" and node.kind == "mapping":
        value = tuple(_pairs(key, node, rules, problems))
    elif key.shape == "one" and node.kind == "text":
        value = _one(key, node.text, rules, here)
    else:
        here.append(f": {_form(key)}")
    if key.shape != "one" and len(node.items) > LIST_LIMIT:
        here.append(f": has more than {LIST_LIMIT} values")
    problems += [(node.line, f"{key.name}{words}") for words in here]
    return value


def _secret(key: Key, node: Node, problems: list[Problem]) -> Any:
    """Return where a secret lies, of `{file: PATH}` or `{credential: NAME}`."""
    before = len(problems)
    places = [(how, where) for how, where in known_keys(node, ("file", "credential"), f"{key.name}.", problems)]
    here: list[str] = []
    value = None
    if len(places) == 1 and places[0][1].kind == "text":
        value = _one(key, f"{places[0][0]}:{places[0][1].text}", (), here)
    elif len(problems) == before:
        here.append(": must hold either `file: PATH` or `credential: NAME`")
    problems += [(node.line, f"{key.name}{words}") for words in here]
    return value


def _items(key: Key, node: Node, rules: Collection[str], problems: list[Problem]) -> Iterator[Any]:
    for index, item in enumerate(node.items[:LIST_LIMIT]):
        here: list[str] = []
        if item.kind != "text" or item.null:
            here.append(f": must be one {key.kind.word}, such as {key.kind.like}")
        else:
            yield _one(key, item.text, rules, here)
        problems += [(item.line, f"{key.name}[{index}]{words}") for words in here]


def _pairs(key: Key, node: Node, rules: Collection[str], problems: list[Problem]) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for name, item in list(node.pairs())[:LIST_LIMIT]:
        here = [f": {words}" for words in _rule_faults(name.text, rules)]
        if name.text in seen:
            here.append(": is given twice")
        seen.add(name.text)
        if item.kind != "text" or item.null:
            here.append(f": must be one {key.kind.word}, such as {key.kind.like}")
        else:
            yield name.text, _one(key, item.text, rules, here)
        problems += [(item.line, f"{key.name}.{cut(name.text)}{words}") for words in here]


def _of_text(key: Key, text: str, rules: Collection[str], problems: list[str]) -> Any:
    """Return the value of a variable: lists are `a,b`, mappings `rule=value,rule=value`."""
    if key.shape == "one":
        if not text:
            problems.append(": is empty; unset it, or write a value")
            return None
        return _one(key, text, rules, problems)
    words = [word.strip() for word in text.split(",")] if text.strip() else []
    if key.shape == "list":
        return tuple(_one(key, word, rules, problems) for word in words)
    found: dict[str, Any] = {}
    for word in words:
        name, _equals, value = word.partition("=")
        problems += [f": {fault}" for fault in _rule_faults(name, rules)]
        found[name] = _one(key, value, rules, problems)
    return tuple(found.items())


def _one(key: Key, text: str, rules: Collection[str], problems: list[str]) -> Any:
    """Return one value of a text, or None and why not."""
    if key.optional and text == OFF:
        return None
    try:
        value = key.kind.parse(text)
    except ValueError as error:
        problems.append(f": {error}")
        return None
    faults = _rule_faults(text, rules) if key.type is RuleId else [key.fault(value)]
    problems += [f": {fault}" for fault in faults if fault]
    return value


def _rule_faults(text: str, rules: Collection[str]) -> list[str]:
    try:
        rule(text)
    except ValueError as error:
        return [str(error)]
    if not rules or text in rules:
        return []
    close = get_close_matches(text[:64], sorted(rules), n=1, cutoff=0.5)
    hint = f"did you mean `{close[0]}`?" if close else "see: aiguard-agent rules list"
    return [f"no rule `{text}`, {hint}"]


def _form(key: Key) -> str:
    if key.shape == "list":
        return f"must be a list: [{key.kind.like}]"
    if key.shape == "mapping":
        return f"must be a mapping of `rule: {key.kind.like}`"
    return f"must be one {key.kind.word}, such as {key.kind.like}"


def _stray(variable: str) -> list[str]:
    """Complain of a variable that was meant for us; other programs' and Kubernetes' own are let pass."""
    section = next((name for name in _TOP if variable.startswith(f"{PREFIX}{name.upper()}_")), "")
    near = get_close_matches(variable[:64], _VARIABLES, n=1, cutoff=0.6 if section else 0.85)
    if variable in _OTHERS or _SERVICE_LINK.search(variable) or not (section or near):
        return []
    known = listed([f"${key.variable}" for key in keys().values() if key.name.startswith(f"{section}.")])
    words = f"did you mean `${near[0]}`?" if near else f"known are {known}"
    return [f"${cut(variable)}: unknown variable, {words}"]
