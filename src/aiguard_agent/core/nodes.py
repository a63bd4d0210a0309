"""YAML text -> a tree of nodes that know their lines; no tags, no anchors, no surprises.

Scalars stay the text that was written: `1.10` is a version and not a float, `no` is a word and not False.
Built from parser events with a stack of its own, so that depth, count and size are bounded before anything grows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

MAX_CHARS = 4 * 1024 * 1024
MAX_NODES = 200_000
MAX_DEPTH = 8
"""Root, section, entry, list in an entry: four are needed."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(slots=True, kw_only=True)
class Node:
    """One node: a text, a list or a mapping, with its place (lines from 1, columns from 0)."""

    kind: str
    """`text`, `list` or `mapping`."""
    line: int
    column: int
    text: str = ""
    null: bool = False
    """True for a plain `~`, `null` or nothing at all."""
    flow: bool = False
    """True for `[...]` and `{...}`."""
    items: list[Node] = field(default_factory=list)
    keys: list[Node] = field(default_factory=list)
    """Of a mapping, in step with `items`."""
    end_line: int = 0
    """Line of the closing bracket, or of the last character."""
    end_column: int = 0

    @property
    def last_line(self) -> int:
        """Line of the last thing that belongs to this node; the next one is free for insertion."""
        node = self
        while node.kind != "text" and not node.flow and node.items:
            node = node.items[-1]
        return node.end_line

    def pairs(self) -> Iterator[tuple[Node, Node]]:
        """Yield key and value nodes of a mapping, in order."""
        return zip(self.keys, self.items, strict=True)

    def get(self, key: str) -> Node | None:
        """Return the first value under `key`, None when it is absent."""
        return next((value for name, value in self.pairs() if name.text == key), None)

    def plain(self) -> object:
        """Return texts, lists and dicts; of a repeated key the last one."""
        if self.kind == "text":
            return self.text
        if self.kind == "list":
            return [item.plain() for item in self.items]
        return {key.text: value.plain() for key, value in self.pairs()}


class _Mark(Protocol):
    line: int
    column: int


class Malformed(ValueError):
    """The text is no YAML document that we read; `line` says where."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


def compose(text: str) -> Node | None:
    """Return the root node, None when the text holds no document. Raises Malformed at the first fault."""
    if len(text) > MAX_CHARS:
        raise Malformed(1, f"larger than {MAX_CHARS} characters")
    try:
        return _build(yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = " ".join(part for part in (error.problem, error.context) if part)
        # libyaml may name the line behind the last one.
        line = min(_place(mark)[0], max(1, len(text.splitlines())))
        raise Malformed(line, f"no YAML: {words}") from error
    except (yaml.YAMLError, UnicodeError, ValueError, OverflowError) as error:
        if isinstance(error, Malformed):
            raise
        raise Malformed(1, f"no YAML: {' '.join(str(error).split())[:200]}") from error


def _build(events: Iterator[Event]) -> Node | None:
    root: Node | None = None
    stack: list[Node] = []
    documents = count = 0
    for event in events:
        line = _place(event.start_mark)[0]
        if isinstance(event, DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise Malformed(line, "a second document begins here; one file holds one")
        if isinstance(event, (SequenceEndEvent, MappingEndEvent)):
            _close(stack.pop(), event)
            continue
        if not isinstance(event, NodeEvent):
            continue
        count += 1
        if count > MAX_NODES:
            raise Malformed(line, f"more than {MAX_NODES} values")
        node = _node(event)
        if stack:
            _attach(stack[-1], node)
        else:
            root = node
        if node.kind != "text":
            stack.append(node)
            if len(stack) > MAX_DEPTH:
                raise Malformed(line, f"nested deeper than {MAX_DEPTH}")
    return root


def _node(event: NodeEvent) -> Node:
    line, column = _place(event.start_mark)
    if isinstance(event, AliasEvent):
        raise Malformed(line, "aliases (`*name`) are not read; write the value out")
    if event.anchor is not None:
        raise Malformed(line, "anchors (`&name`) are not read; remove it")
    tag = getattr(event, "tag", None)
    # The pure-Python parser gives a lone `!` for nothing at all, libyaml does not; neither means anything here.
    if tag not in (None, "!"):
        raise Malformed(line, f"tags (`{tag}`) are not read; remove it")
    if isinstance(event, ScalarEvent):
        plain = event.style in (None, "", ":")
        end_line, end_column = _place(event.end_mark)
        # A block scalar (`|`) ends where the next line begins.
        before = end_column == 0 and end_line > line
        return Node(
            kind="text",
            line=line,
            column=column,
            text=event.value,
            null=plain and event.value in _NULLS,
            end_line=end_line - before,
            end_column=end_column,
        )
    kind = "list" if isinstance(event, SequenceStartEvent) else "mapping"
    assert isinstance(event, (SequenceStartEvent, MappingStartEvent))  # noqa: S101  (the only node events left)
    return Node(kind=kind, line=line, column=column, flow=bool(event.flow_style), end_line=line)


def _attach(parent: Node, node: Node) -> None:
    if parent.kind == "mapping" and len(parent.keys) == len(parent.items):
        if node.kind != "text":
            raise Malformed(node.line, "a key must be a word")
        parent.keys.append(node)
    else:
        parent.items.append(node)


def _close(node: Node, event: Event) -> None:
    node.end_line, node.end_column = _place(event.end_mark)


def _place(mark: _Mark | None) -> tuple[int, int]:
    """Return line from 1 and column from 0."""
    return (mark.line + 1, mark.column) if mark is not None else (1, 0)
