"""NumPy array (.npy): one array, which is rarely a model; objects inside are pickled.

0x93 "NUMPY" · version · header length · {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)} · data
"""

from __future__ import annotations

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.npy_header import MAGIC, MAX_HEADER, read_array


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the magic."""
    return glimpse.head.startswith(MAGIC)


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return type and shape; the role is `data`."""
    array = read_array(reader.read_at(0, MAX_HEADER + 16))
    if array is None:
        return None
    draft = Draft(format=FORMAT.name, role="data", runs_code=array.holds_objects)
    draft.tell("seen", "magic NUMPY")
    if array.holds_objects:
        draft.remark("holds Python objects: loading it means unpickling")
    with draft.reading():
        draft.add("", array.dtype, array.shape)
    draft.quantization = draft.dominant()
    return draft.header()


FORMAT = Format(
    name="npy",
    title="NumPy array",
    order=10,
    extensions=(".npy",),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html",
)
