"""TensorFlow Lite / LiteRT: a FlatBuffers Model with the identifier `TFL3`.

Loading it runs no code of the file; custom operators must be registered by the program that loads it, and are named.
Tensors are those that own data: the weights. Their data is passed over.
"""

from __future__ import annotations

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft, label
from aiguard_agent.identify.flatbuffer import Flatbuffer
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.window import Window

IDENTIFIER = b"TFL3"
VERSION, OPERATOR_CODES, SUBGRAPHS, DESCRIPTION, BUFFERS, METADATA = 0, 1, 2, 3, 4, 6
CUSTOM_CODE = 1
TENSORS, SUBGRAPH_NAME = 0, 4
SHAPE, TYPE, BUFFER, NAME = 0, 1, 2, 3
DATA, OFFSET, SIZE = 0, 1, 2
MOST_SUBGRAPHS, MOST_BUFFERS, MOST_TENSORS, MOST_CODES = 1000, 100_000, 100_000, 2000
TYPES = dict(
    enumerate("F32 F16 I32 U8 I64 STRING BOOL I16 C64 I8 F64 C128 U64 RESOURCE VARIANT U32 U16 I4 BF16".split())
)
"""TensorType of the schema."""


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the identifier."""
    return glimpse.head[4:8] == IDENTIFIER


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return description, custom operators and weights."""
    if not sniff(glimpse):
        return None
    draft = Draft(format=FORMAT.name)
    with draft.reading():
        flat = Flatbuffer(Window(reader))
        model = flat.root()
        draft.tell("schema_version", str(flat.number(model, VERSION, 4)))
        draft.tell("description", flat.text(model, DESCRIPTION))
        codes = {flat.text(code, CUSTOM_CODE) for code in flat.tables(model, OPERATOR_CODES, MOST_CODES)}
        draft.tell("custom_operators", ", ".join(sorted(codes - {""})))
        filled = [_has_data(flat, buffer) for buffer in flat.tables(model, BUFFERS, MOST_BUFFERS)]
        for number, graph in enumerate(flat.tables(model, SUBGRAPHS, MOST_SUBGRAPHS)):
            if number == 0:
                draft.name = flat.text(graph, SUBGRAPH_NAME)
            _read_tensors(flat, graph, filled, draft)
    draft.quantization = draft.dominant()
    return draft.header()


def _has_data(flat: Flatbuffer, buffer: int) -> bool:
    # Models beyond 2 GiB keep data behind the FlatBuffer, by offset and size.
    return flat.vector(buffer, DATA, 1)[1] > 0 or flat.number(buffer, SIZE, 8) > 0


def _read_tensors(flat: Flatbuffer, graph: int, filled: list[bool], draft: Draft) -> None:
    for tensor in flat.tables(graph, TENSORS, MOST_TENSORS):
        buffer = flat.number(tensor, BUFFER, 4)
        if buffer >= len(filled):
            raise ValueError("a tensor refers to a buffer that is not there")
        if filled[buffer]:
            kind = flat.number(tensor, TYPE, 1)
            name = label(flat.raw(tensor, NAME))
            draft.add(name, TYPES.get(kind, f"TYPE_{kind}"), flat.numbers(tensor, SHAPE, 4))


FORMAT = Format(
    name="tflite",
    title="TensorFlow Lite",
    order=10,
    extensions=(".tflite", ".lite"),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs",
)
