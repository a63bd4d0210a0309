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
NAMES = (".pkl", ".pickle")
"""Names that tip the scales for the old protocols, which have no mark."""


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the protocol mark, by a compression, or by a first opcode of the old protocols."""
    return is_marked(glimpse.head) or bool(compression(glimpse.head)) or _may_be_old(glimpse)


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return the libraries and classes that loading it would import."""
    packed = compression(glimpse.head)
    if packed == "lz4":
        return _unseen(glimpse)
    stream = scan_compressed(reader, packed) if packed else scan(reader)
    if stream is None or not _is_pickle(stream, glimpse, marked=bool(packed) or is_marked(glimpse.head)):
        return None
    draft = Draft(format=FORMAT.name, runs_code=True, architecture=outer_class(stream.value))
    draft.tell("compression", packed)
    draft.tell("protocol", str(stream.protocol or 0))
    draft.tell("seen", f"{stream.opcodes} opcodes of protocol {stream.protocol or 0}")
    describe(stream, draft)
    return draft.header()


def _may_be_old(glimpse: Glimpse) -> bool:
    head = glimpse.head
    if not head or head[0] not in FIRST_OPCODES:
        return False
    # Unless the name says pickle, it must import something: GLOBAL, INST or STACK_GLOBAL, behind at least one line.
    return glimpse.name.endswith(NAMES) or (b"\n" in head and any(opcode in head for opcode in (b"c", b"i", b"\x93")))


def _is_pickle(stream: Scan, glimpse: Glimpse, *, marked: bool) -> bool:
    spelled = identifiers(stream.globals)
    stopped = stream.ended is Ended.STOP
    if marked:
        return stopped or stream.ended is Ended.LIMIT or bool(spelled) or stream.extensions
    if glimpse.name.endswith(NAMES):
        return stream.imports or (stopped and stream.end == glimpse.size)
    # Plain text often starts with opcodes that are valid by chance: it must end well and import something.
    return stopped and bool(spelled) and len(spelled) == len(stream.globals) and stream.opcodes >= LEAST_OPCODES


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
