"""ONNX Runtime's own format: a FlatBuffers InferenceSession with the identifier `ORTM`.

Loading it runs no code of the file. It holds what the ONNX model held; names and types are the same, so that a model
and its conversion without optimisation share a fingerprint.
"""

from __future__ import annotations

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft, label
from aiguard_agent.identify.flatbuffer import Flatbuffer
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.onnx_types import type_name
from aiguard_agent.identify.window import Window

IDENTIFIER = b"ORTM"
ORT_VERSION, MODEL = 0, 1
IR_VERSION, OPSETS, PRODUCER, PRODUCER_VERSION, DOMAIN, GRAPH, PROPERTIES = 0, 1, 2, 3, 4, 7, 9
OPSET_DOMAIN, OPSET_VERSION = 0, 1
INITIALIZERS = 0
NAME, DIMS, DATA_TYPE = 0, 2, 3
MOST_OPSETS, MOST_PROPERTIES, MOST_TENSORS = 100, 20, 100_000


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the identifier."""
    return glimpse.head[4:8] == IDENTIFIER


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return producer, operator sets, words and initialisers."""
    if not sniff(glimpse):
        return None
    draft = Draft(format=FORMAT.name)
    with draft.reading():
        flat = Flatbuffer(Window(reader))
        session = flat.root()
        draft.tell("ort_version", flat.text(session, ORT_VERSION))
        model = flat.table(session, MODEL)
        _describe(flat, model, draft)
        for tensor in flat.tables(flat.table(model, GRAPH), INITIALIZERS, MOST_TENSORS):
            kind = flat.number(tensor, DATA_TYPE, 4)
            draft.add(label(flat.raw(tensor, NAME)), type_name(kind), flat.numbers(tensor, DIMS, 8))
    draft.quantization = draft.dominant()
    return draft.header()


def _describe(flat: Flatbuffer, model: int, draft: Draft) -> None:
    draft.tell("ir_version", str(flat.number(model, IR_VERSION, 8)))
    draft.tell("producer", flat.text(model, PRODUCER))
    draft.tell("producer_version", flat.text(model, PRODUCER_VERSION))
    draft.tell("domain", flat.text(model, DOMAIN))
    for opset in flat.tables(model, OPSETS, MOST_OPSETS):
        domain = flat.text(opset, OPSET_DOMAIN) or "ai.onnx"
        draft.tell(f"opset {domain[:60]}", str(flat.number(opset, OPSET_VERSION, 8)))
    for pair in flat.tables(model, PROPERTIES, 10_000)[:MOST_PROPERTIES]:
        key, value = flat.text(pair, 0), flat.text(pair, 1)
        plain = key.lower().removeprefix("model_")
        if plain in ("name", "license", "author", "base_model", "architecture"):
            setattr(draft, plain, value)
        else:
            draft.tell(f"property {key[:60]}", value)


FORMAT = Format(
    name="ort",
    title="ONNX Runtime (ORT)",
    order=10,
    extensions=(".ort",),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/flatbuffers/schema/ort.fbs",
)
