"""Python pickle, protocols 0 to 5, bare or compressed: a program for the unpickler.

0x80 protocol · opcodes · `.`      protocols 0 and 1 have no first mark: text opcodes, accepted only on strong grounds
"""

from __future__ import annotations

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.opcodes import scan
from aiguard_agent.identify.pickle_values import Ended, Scan
from aiguard_agent.identify.pickled import describe, identifiers, is_marked, outer_class, scan_compressed
from aiguard_agent.identify.unwrap import compression

FIRST_OPCODES = frozenset(b"(c]}IKLMNSUVXFG)ilt")
"""Bytes with which pickles of protocol 0 and 1 begin."""
LEAST_OPCODES = 3


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the protocol mark, by a compression, or by a first opcode of the old protocols."""
    return is_marked(glimpse.head) or bool(compression(glimpse.head)) or _may_be_old(glimpse.head)


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return the libraries and classes that loading it would import."""
    packed = compression(glimpse.head)
    if packed == "lz4":
        return _unseen(glimpse)
    stream = scan_compressed(reader, packed) if packed else scan(reader)
    if stream is None or not _is_pickle(stream, marked=bool(packed) or is_marked(glimpse.head)):
        return None
    draft = Draft(format=FORMAT.name, runs_code=True, architecture=outer_class(stream.value))
    draft.tell("compression", packed)
    draft.tell("protocol", str(stream.protocol or 0))
    draft.tell("seen", f"{stream.opcodes} opcodes of protocol {stream.protocol or 0}")
    describe(stream, draft)
    return draft.header()


def _may_be_old(head: bytes) -> bool:
    # A pickle of protocol 0 or 1 that imports something names it on two lines, or pushes it as text first.
    return bool(head) and head[0] in FIRST_OPCODES and (b"c" in head or b"i" in head) and b"\n" in head


def _is_pickle(stream: Scan, *, marked: bool) -> bool:
    named = bool(identifiers(stream.globals)) or stream.extensions
    if marked:
        return named or stream.ended in (Ended.STOP, Ended.LIMIT)
    # Plain text often starts with opcodes that are valid by chance: it must end well and import something.
    spelled = len(identifiers(stream.globals)) == len(stream.globals)
    return stream.ended is Ended.STOP and bool(stream.globals) and spelled and stream.opcodes >= LEAST_OPCODES


def _unseen(glimpse: Glimpse) -> ModelHeader | None:
    """lz4 needs a library we do not bring: the name alone is weak, so nothing is claimed to have been seen."""
    if not glimpse.name.endswith((".pkl", ".pickle", ".pkl.lz4", ".pickle.lz4")):
        return None
    draft = Draft(format=FORMAT.name, runs_code=True)
    draft.tell("compression", "lz4")
    draft.tell("seen", "its name and an lz4 frame")
    draft.cut("compressed with lz4: the inside was not seen")
    return draft.header()


FORMAT = Format(
    name="pickle",
    title="Python pickle",
    order=45,
    extensions=(".pkl", ".pickle", ".p", ".dill", ".cloudpickle"),
    runs_code=True,
    sniff=sniff,
    read=read,
    source="https://docs.python.org/3/library/pickletools.html",
)
