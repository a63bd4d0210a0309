"""joblib dump: a pickle with raw NumPy arrays between its opcodes, bare or compressed by joblib itself."""

from __future__ import annotations

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.opcodes import scan
from aiguard_agent.identify.pickle_values import Ended, Scan
from aiguard_agent.identify.pickled import describe, is_marked, outer_class, scan_compressed
from aiguard_agent.identify.unwrap import compression

MODULE = "joblib.numpy_pickle"


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the name of joblib's array wrapper, by a compression around it, or by the file name and a pickle."""
    named = glimpse.name.endswith(".joblib") or MODULE.encode() in glimpse.head
    return (is_marked(glimpse.head) and named) or bool(compression(glimpse.head))


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return the libraries and classes that loading it would import."""
    packed = compression(glimpse.head)
    if packed == "lz4":
        return _unseen(glimpse)
    stream = scan_compressed(reader, packed) if packed else scan(reader)
    if stream is None or not _is_dump(stream, glimpse.name):
        return None
    draft = Draft(format=FORMAT.name, runs_code=True, architecture=outer_class(stream.value))
    draft.tell("compression", packed)
    draft.tell("seen", f"{stream.opcodes} opcodes of protocol {stream.protocol or 0}")
    describe(stream, draft)
    return draft.header()


def _is_dump(stream: Scan, name: str) -> bool:
    if any(one.module == MODULE for one in stream.globals):
        return True
    # A dump without arrays is an ordinary pickle: then only its name tells.
    return name.endswith(".joblib") and (stream.ended is Ended.STOP or bool(stream.globals))


def _unseen(glimpse: Glimpse) -> ModelHeader | None:
    if not glimpse.name.endswith((".joblib", ".joblib.lz4")):
        return None
    draft = Draft(format=FORMAT.name, runs_code=True)
    draft.tell("compression", "lz4")
    draft.tell("seen", "its name and an lz4 frame")
    draft.cut("compressed with lz4: the inside was not seen")
    return draft.header()


FORMAT = Format(
    name="joblib",
    title="joblib dump",
    order=44,
    extensions=(".joblib",),
    runs_code=True,
    sniff=sniff,
    read=read,
    source="https://github.com/joblib/joblib/blob/main/joblib/numpy_pickle.py",
)
