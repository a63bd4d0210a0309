"""What a Keras model's configuration says, whichever file it lies in."""

from __future__ import annotations

import re

import msgspec

from aiguard_agent.identify.draft import Draft, words
from aiguard_agent.identify.jsontext import decode

OWN = ("keras", "tensorflow", "tf_keras", "keras_hub", "keras_nlp", "keras_cv", "builtins")
"""First names of modules that ship with Keras; `builtins` is what it writes for plain functions of its own."""
MODULE = re.compile(rb'"module"\s*:\s*"([^"\\]{1,200})"')
LAMBDA = re.compile(rb'"class_name"\s*:\s*"(?:Lambda|__lambda__)"')


class Inner(msgspec.Struct):
    """The configuration of the outermost object."""

    name: str = ""


class Outer(msgspec.Struct):
    """The outermost object."""

    class_name: str = ""
    config: Inner | list[msgspec.Raw] = msgspec.field(default_factory=Inner)


def describe(raw: bytes, draft: Draft) -> None:
    """Take name and kind, and name what can run code: Lambda layers and classes of other modules."""
    outer = decode(raw, Outer)
    draft.architecture = outer.class_name
    draft.name = outer.config.name if isinstance(outer.config, Inner) else ""
    if LAMBDA.search(raw):
        draft.tell("lambda", "yes")
    foreign = {match for match in MODULE.findall(raw) if match.split(b".")[0].decode("latin-1") not in OWN}
    draft.tell("foreign_modules", ", ".join(words(name, 60) for name in sorted(foreign)[:5]))
