"""PyTorch checkpoint before 1.6: five pickles in a row, then the raw storages.

magic number · protocol version 1001 · system info · the object · storage keys · storages

Older still: a tar with the members sys_info, pickle, storages and tensors.
"""

from __future__ import annotations

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.opcodes import scan
from aiguard_agent.identify.pickle_values import Ended
from aiguard_agent.identify.pickled import describe
from aiguard_agent.identify.tarlist import list_tar, looks_like_tar
from aiguard_agent.identify.torch_file import describe_torch, is_shard

MAGIC = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"
"""LONG1 of ten bytes: the number 0x1950a86a20f9469cfc6c."""
OBJECT_STREAM = 3
TAR_MEMBERS = frozenset({"sys_info", "pickle", "storages", "tensors"})


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the magic number at the start of a pickle, or by a tar."""
    return (glimpse.head[:1] == b"\x80" and MAGIC in glimpse.head[:24]) or looks_like_tar(glimpse.head)


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return tensors and kind from the opcodes of the object's stream."""
    draft = Draft(format=FORMAT.name, runs_code=True, role="weights-part" if is_shard(glimpse.name) else "model")
    if looks_like_tar(glimpse.head):
        if not {member.name for member in list_tar(reader).members} >= TAR_MEMBERS:
            return None
        draft.tell("seen", "tar members sys_info, pickle, storages, tensors")
        draft.remark("tar checkpoint of the first torch versions")
        return draft.header()
    draft.tell("seen", "magic number of a torch pickle")
    with draft.reading():
        _read_streams(reader, draft)
    return draft.header(keep_tensors=draft.role == "weights-part")


def _read_streams(reader: Reader, draft: Draft) -> None:
    at = 0
    for number in range(OBJECT_STREAM + 1):
        stream = scan(reader, at)
        if number == OBJECT_STREAM:
            describe_torch(stream, draft)
        elif stream.imports:
            draft.remark(f"stream {number + 1} imports something, which torch never writes")
            describe(stream, draft)
        if stream.ended is not Ended.STOP:
            draft.stop(f"stream {number + 1} is {stream.ended.value}: {stream.why}")
            return
        at = stream.end


FORMAT = Format(
    name="pytorch-legacy",
    title="PyTorch checkpoint before 1.6",
    order=15,
    extensions=(".pt", ".pth", ".bin", ".ckpt", ".t7"),
    runs_code=True,
    sniff=sniff,
    read=read,
    source="https://github.com/pytorch/pytorch/blob/main/torch/serialization.py",
)
