"""ONNX: a protobuf ModelProto without a magic; needs an IR version and a graph to count as one.

Loading it runs no code of the file: operators of other domains must be given to the runtime by whoever loads it.
Tensors are the initialisers; their data is passed over, wherever it lies.
"""

from __future__ import annotations

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import BytesReader, Reader
from aiguard_agent.identify.draft import Draft, label
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.onnx_types import type_name
from aiguard_agent.identify.protobuf import BYTES, VARINT, Field, Protobuf, signed
from aiguard_agent.identify.window import Window

MODEL = {1: VARINT, 2: BYTES, 3: BYTES, 4: BYTES, 5: VARINT, 6: BYTES, 7: BYTES, 8: BYTES, 14: BYTES, 20: BYTES}
MODEL |= {25: BYTES, 26: BYTES}
GRAPH = {1: BYTES, 2: BYTES, 5: BYTES, 10: BYTES, 11: BYTES, 12: BYTES, 13: BYTES, 14: BYTES, 15: BYTES, 16: BYTES}
IR_VERSION, PRODUCER, PRODUCER_VERSION, DOMAIN, MODEL_VERSION, GRAPH_FIELD, OPSET, PROPERTY = 1, 2, 3, 4, 5, 7, 8, 14
NODE, GRAPH_NAME, INITIALIZER, INPUT, OUTPUT = 1, 2, 5, 11, 12
DIMS, DATA_TYPE, TENSOR_NAME, EXTERNAL = 1, 2, 8, 13
MOST_PROPERTIES = 20


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the first fields: all are fields of a ModelProto, of the right wire type."""
    walk = Protobuf(Window(BytesReader(glimpse.head)), fields=100)
    seen = False
    try:
        for field in walk.fields(0, len(glimpse.head)):
            if MODEL.get(field.number) != field.wire or (field.number == IR_VERSION and field.value > 1000):
                return False
            seen = True
    except EOFError:
        return seen
    except ValueError:
        return False
    return seen


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return what the model says of itself, and its initialisers."""
    draft = Draft(format=FORMAT.name)
    walk = Protobuf(Window(reader))
    graphs: list[Field] = []
    version = 0
    with draft.reading():
        for field in walk.fields(0, reader.size):
            if MODEL.get(field.number, field.wire) != field.wire:
                return None
            if field.number == IR_VERSION:
                version = field.value
            elif field.number == GRAPH_FIELD:
                graphs.append(field)
            else:
                _describe(walk, field, draft)
    if not graphs or not 0 < version <= 1000:
        return None
    draft.tell("ir_version", str(version))
    if len(graphs) > 1:
        draft.remark("there is more than one graph")
    if not _read_graph(walk, graphs[0], draft):
        return None
    draft.quantization = draft.dominant()
    return draft.header()


def _describe(walk: Protobuf, field: Field, draft: Draft) -> None:
    if field.number == PRODUCER:
        draft.tell("producer", walk.text(field))
    elif field.number == PRODUCER_VERSION:
        draft.tell("producer_version", walk.text(field))
    elif field.number == DOMAIN:
        draft.tell("domain", walk.text(field))
    elif field.number == MODEL_VERSION and field.value:
        draft.tell("version", str(signed(field.value)))
    elif field.number == OPSET:
        domain, number = "", 0
        for inner in walk.inside(field):
            if inner.number == 1:
                domain = walk.text(inner)
            elif inner.number == 2:
                number = inner.value
        draft.tell(f"opset {domain or 'ai.onnx'}", str(number))
    elif field.number == PROPERTY:
        _property(*walk.pair(field), draft)


def _property(key: str, value: str, draft: Draft) -> None:
    plain = key.lower().removeprefix("model_")
    if plain in ("name", "license", "author", "base_model", "architecture"):
        setattr(draft, plain, value)
    elif sum(name.startswith("property ") for name in draft.extra) < MOST_PROPERTIES:
        draft.tell(f"property {key[:60]}", value)


def _read_graph(walk: Protobuf, graph: Field, draft: Draft) -> bool:
    """Add the graph's tensors; False when these bytes are no graph at all."""
    known = False
    nodes = 0
    with draft.reading():
        for field in walk.inside(graph):
            if GRAPH.get(field.number) != field.wire:
                raise ValueError("the graph has fields that no graph has")
            known |= field.number in (NODE, INITIALIZER, INPUT, OUTPUT)
            if field.number == NODE:
                nodes += 1
            elif field.number == GRAPH_NAME and not draft.name:
                draft.name = walk.text(field)
            elif field.number == INITIALIZER:
                _read_tensor(walk, field, draft)
    draft.tell("nodes", str(nodes))
    return known


def _read_tensor(walk: Protobuf, tensor: Field, draft: Draft) -> None:
    name, kind = b"", 0
    shape: list[int] = []
    for field in walk.inside(tensor):
        if field.number == DIMS:
            shape += walk.numbers(field)
            if len(shape) > 64:
                raise ValueError("a tensor has too many dimensions")
        elif field.number == DATA_TYPE:
            kind = field.value
        elif field.number == TENSOR_NAME:
            name = walk.raw(field, 1024)
        elif field.number == EXTERNAL:
            key, value = walk.pair(field)
            if key == "location":
                draft.link(value)
    draft.add(label(name), type_name(kind), tuple(shape))


FORMAT = Format(
    name="onnx",
    title="ONNX",
    order=40,
    extensions=(".onnx",),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://github.com/onnx/onnx/blob/main/onnx/onnx.proto",
)
