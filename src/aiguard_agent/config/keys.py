"""Walk the schema: every key with its type, bounds, default and words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from aiguard_agent.config.schema import Config, Doc
from aiguard_agent.config.values import KINDS, Kind, RuleId, choice

PREFIX = "AIGUARD_"
"""Begins the name of every environment variable that overrides a key."""
Section = TypeVar("Section", bound=Struct)
OFF = "off"
"""How a value that may be absent is written when it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key that has a value; sections have none."""

    name: str
    """`watch.sources.tracefs`."""
    shape: Literal["one", "list", "mapping"]
    type: object
    """Of the value, or of the values in a list or mapping."""
    kind: Kind
    optional: bool
    default: Any
    doc: Doc

    @property
    def variable(self) -> str:
        """Name of the environment variable that overrides it."""
        return PREFIX + self.name.replace(".", "_").upper()

    def fault(self, value: Any) -> str:
        """Say how a value is out of bounds, "" when it is not."""
        low, high = self.doc.low, self.doc.high
        if self.shape != "one" or value is None or (low is None and high is None):
            return ""
        if (low is None or value >= low) and (high is None or value <= high):
            return ""
        return f"{self.kind.show(value)} is out of bounds, {self.bounds()}"

    def bounds(self) -> str:
        """Return the bounds in words, "" when there are none."""
        low, high = self.doc.low, self.doc.high
        if low is None and high is None:
            return ""
        words = [] if low is None else [f"at least {self.kind.show(low)}"]
        words += [] if high is None else [f"at most {self.kind.show(high)}"]
        return ", ".join(words)

    def plain(self, value: Any) -> object:
        """Return a value as it may be written in the file: texts, lists and mappings."""
        if value is None:
            return OFF
        if self.shape == "list":
            return [self.kind.show(one) for one in value]
        if self.shape == "mapping":
            return {str(name): self.kind.show(one) for name, one in value}
        if "properties" in self.kind.schema:
            how, _colon, where = str(value).partition(":")
            return {how: where}
        return self.kind.show(value)


@cache
def sections(kind: type[Struct] = Config, prefix: str = "") -> Mapping[str, type[Struct]]:
    """Return the sections by their dotted names, in the schema's order, nested ones included."""
    found: dict[str, type[Struct]] = {}
    for name, annotation in get_type_hints(kind, include_extras=True).items():
        if isinstance(annotation, type) and issubclass(annotation, Struct):
            found[prefix + name] = annotation
            found.update(sections(annotation, f"{prefix}{name}."))
    return found


@cache
def keys() -> Mapping[str, Key]:
    """Return every key by its dotted name, in the schema's order."""
    found = {}
    for section, kind in sections().items():
        defaults = kind()
        for name, annotation in get_type_hints(kind, include_extras=True).items():
            if get_origin(annotation) is Annotated:
                key = _key(f"{section}.{name}", annotation, getattr(defaults, name))
                found[key.name] = key
    return found


def build(values: Mapping[str, Any]) -> Config:
    """Return the configuration of dotted names and values; what is not given has its default."""
    return _built(Config, "", values)


def value_of(config: Config, name: str) -> Any:
    """Return the value of a dotted name."""
    value: Any = config
    for part in name.split("."):
        value = getattr(value, part)
    return value


def _built(kind: type[Section], prefix: str, values: Mapping[str, Any]) -> Section:
    given: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        name = f"{prefix}{field.name}"
        if name in sections():
            given[field.name] = _built(sections()[name], f"{name}.", values)
        elif name in values:
            given[field.name] = values[name]
    return kind(**given)


def _key(name: str, annotation: Any, default: Any) -> Key:
    wanted, doc = get_args(annotation)
    optional = get_origin(wanted) in (Union, UnionType) and NoneType in get_args(wanted)
    if optional:
        wanted = next(one for one in get_args(wanted) if one is not NoneType)
    shape: Literal["one", "list", "mapping"] = "one"
    if get_origin(wanted) is tuple:
        wanted = get_args(wanted)[0]
        shape = "list"
    if get_origin(wanted) is tuple:
        first, wanted = get_args(wanted)
        shape = "mapping"
        if first is not RuleId:
            raise TypeError(f"{name}: a mapping goes from a rule to a value")
    kind = choice(get_args(wanted)) if get_origin(wanted) is Literal else KINDS[wanted]
    return Key(name=name, shape=shape, type=wanted, kind=kind, optional=optional, default=default, doc=doc)
