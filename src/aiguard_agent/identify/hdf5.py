"""Walk an HDF5 file: its groups, its datasets' types and shapes, and texts among its attributes. No data is read.

    superblock (at 0, 512, 1024, …) → root object header → messages
    a group holds its members in link messages, or in a B-tree of symbol nodes with names in a local heap
    a text attribute of variable length lies in a global heap

Groups and attributes in the newer "dense" storage (many members at once) are not followed; that is told.
"""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.identify import hdf5_messages as messages
from aiguard_agent.identify.draft import Draft, label
from aiguard_agent.identify.window import Window

SIGNATURE = b"\x89HDF\r\n\x1a\n"
STARTS = (0, 512, 1024, 2048)
"""Where the superblock may be: a user block of a power of two may come first."""
MOST_OBJECTS = 20_000
MOST_STEPS = 200_000
"""Header messages, members and texts one file may make us look at."""
MOST_DEPTH = 24
MOST_TEXT = 4 * 1024 * 1024
DENSE = "members in dense storage are not read"


def starts_at(head: bytes) -> int | None:
    """Return where the superblock is in the first bytes, None when there is none."""
    return next((start for start in STARTS if head[start : start + 8] == SIGNATURE), None)


class Hdf5:
    """One file; all addresses are counted from its superblock."""

    def __init__(self, window: Window, base: int, draft: Draft) -> None:
        self._window = window
        self._base = base
        self._draft = draft
        self._left = MOST_STEPS

    def root(self) -> int:
        """Return the address of the root group's header."""
        version = self._bytes(8, 1)[0]
        widths = self._bytes(9, 2) if version >= 2 else self._bytes(13, 2)
        if version > 3 or widths != b"\x08\x08":
            raise ValueError(f"HDF5 superblock version {version} of this kind is unknown")
        return self._u64(12 + 24) if version >= 2 else self._u64((28 if version == 1 else 24) + 40)

    def texts(self, address: int, wanted: frozenset[str]) -> dict[str, bytes]:
        """Return those of the wanted attributes of one object that are a single text."""
        found: dict[str, bytes] = {}
        for kind, raw in self._messages(address):
            if kind == messages.ATTRIBUTE_INFO and messages.heap_of(raw, indexed_by=2) != messages.UNDEFINED:
                self._draft.remark(DENSE)
            elif kind == messages.ATTRIBUTE:
                attribute = messages.read_attribute(raw)
                fresh = attribute.name in wanted and attribute.name not in found
                text = self._text(attribute) if fresh and attribute.shape in ((), (1,)) else None
                if text is not None:
                    found[attribute.name] = text
        return found

    def datasets(self, root: int) -> None:
        """Add every dataset below the group to the draft as a tensor, named by its path."""
        seen: set[int] = set()
        stack: list[tuple[int, bytes, int]] = [(root, b"", 0)]
        while stack:
            address, path, depth = stack.pop()
            if address in seen:
                continue
            seen.add(address)
            if len(seen) > MOST_OBJECTS or depth > MOST_DEPTH:
                raise ValueError("the file has more groups than are looked at")
            links = self._object(address, path)
            stack += [(link.address, path + b"/" + link.name, depth + 1) for link in links]

    def _object(self, address: int, path: bytes) -> list[messages.Link]:
        """Add the dataset, or return the members of the group."""
        shape: tuple[int, ...] | None = None
        kind = ""
        links: list[messages.Link] = []
        for number, raw in self._messages(address):
            if number == messages.SPACE:
                shape = messages.read_space(raw)
            elif number == messages.TYPE:
                kind = messages.type_name(raw)
            elif number == messages.SYMBOLS:
                links += self._symbols(int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:16], "little"))
            elif number == messages.LINK:
                links += self._follow(messages.read_link(raw))
            elif number == messages.LINK_INFO and messages.heap_of(raw, indexed_by=8) != messages.UNDEFINED:
                self._draft.stop(DENSE)
            elif number == messages.EXTERNAL_FILES:
                self._draft.remark("a dataset keeps its data in another file")
        if shape is not None and kind:
            self._draft.add(label(path[1:]), kind, shape)
        return links

    def _follow(self, link: messages.Link) -> list[messages.Link]:
        if link.kind == messages.EXTERNAL:
            self._draft.remark("a link leads into another file")
            self._draft.link(link.target)
        return [link] if link.kind == messages.HARD else []

    def _messages(self, address: int) -> Iterator[tuple[int, bytes]]:
        if self._bytes(address, 4) == b"OHDR":
            flags = self._bytes(address + 5, 1)[0]
            start = address + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
            width = 1 << (flags & 3)
            size = int.from_bytes(self._bytes(start, width), "little")
            block = (start + width, size)
            head = 6 if flags & 4 else 4
        else:
            block = (address + 16, self._u32(address + 8))
            head = 8
        blocks = [block]
        while blocks:
            start, size = blocks.pop()
            yield from self._block(start, size, head, blocks)

    def _block(self, at: int, size: int, head: int, blocks: list[tuple[int, int]]) -> Iterator[tuple[int, bytes]]:
        end = at + size
        while at + head <= end:
            self._spend(1)
            top = self._bytes(at, head)
            kind = int.from_bytes(top[:2], "little") if head == 8 else top[0]
            length = int.from_bytes(top[2:4] if head == 8 else top[1:3], "little")
            at += head
            self._spend(length // 256)
            if at + length > end:
                raise ValueError("a header message ends outside its block")
            raw = self._bytes(at, length)
            at += length
            if kind == messages.CONTINUATION and length >= 16:
                start, size = int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:16], "little")
                # Newer blocks have a signature in front and a checksum behind.
                blocks.append((start, size) if head == 8 else (start + 4, max(0, size - 8)))
            else:
                yield kind, raw

    def _symbols(self, tree: int, heap: int) -> list[messages.Link]:
        if self._bytes(heap, 4) != b"HEAP":
            raise ValueError("a group has no names")
        names = self._u64(heap + 24)
        links: list[messages.Link] = []
        nodes, seen = [tree], set[int]()
        while nodes:
            node = nodes.pop()
            if node in seen or len(seen) > MOST_OBJECTS:
                raise ValueError("a group's tree has no end")
            seen.add(node)
            kind = self._bytes(node, 4)
            count = int.from_bytes(self._bytes(node + 6, 2), "little")
            self._spend(count)
            if kind == b"TREE":
                nodes += [self._u64(node + 32 + 16 * index) for index in range(count)]
            elif kind == b"SNOD":
                links += [self._symbol(node + 8 + 40 * index, names) for index in range(count)]
            else:
                raise ValueError("a group's tree is broken")
        return links

    def _symbol(self, at: int, names: int) -> messages.Link:
        name = self._window.peek(self._base + names + self._u64(at), 256).split(b"\0")[0]
        return messages.Link(name, messages.HARD, self._u64(at + 8))

    def _text(self, attribute: messages.Attribute) -> bytes | None:
        kind = attribute.type[0] & 15 if attribute.type else 0
        if kind == 3:
            return attribute.value.rstrip(b"\0")
        is_text = kind == 9 and len(attribute.type) > 1 and attribute.type[1] & 15 == 1
        if not is_text or len(attribute.value) < 16:
            return None
        length = int.from_bytes(attribute.value[:4], "little")
        collection = int.from_bytes(attribute.value[4:12], "little")
        index = int.from_bytes(attribute.value[12:16], "little")
        return self._heap_object(collection, index, length)

    def _heap_object(self, collection: int, index: int, length: int) -> bytes:
        if self._bytes(collection, 4) != b"GCOL":
            raise ValueError("a text has no heap")
        at, end = collection + 16, collection + self._u64(collection + 8)
        while at + 16 <= end:
            self._spend(1)
            size = self._u64(at + 8)
            if int.from_bytes(self._bytes(at, 2), "little") == index:
                if min(length, size) > MOST_TEXT:
                    raise ValueError(f"a text claims {length} bytes")
                return self._bytes(at + 16, min(length, size))
            at += 16 + (size + 7) // 8 * 8
        raise ValueError("a text is not in its heap")

    def _spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise ValueError("more of the structure than is looked at")

    def _bytes(self, address: int, length: int) -> bytes:
        return self._window.bytes_at(self._base + address, length)

    def _u32(self, address: int) -> int:
        return self._window.u32(self._base + address)

    def _u64(self, address: int) -> int:
        return self._window.u64(self._base + address)
