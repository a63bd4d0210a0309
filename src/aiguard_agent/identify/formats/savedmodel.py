"""TensorFlow SavedModel: the `saved_model.pb` of a folder that also holds `variables/`.

A protobuf SavedModel without a magic: schema version 1, then graphs, each with a graph definition. Loading it runs no
Python of the file, so `runs_code` is False; its graph can hold operations that read and write files or call Python
functions by number, which is a matter of vetting the graph, not of the format.
"""

from __future__ import annotations

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import BytesReader, Reader
from aiguard_agent.identify.draft import Draft, label
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.protobuf import BYTES, VARINT, Field, Protobuf
from aiguard_agent.identify.tensorflow import read_shape, type_name
from aiguard_agent.identify.window import Window

SCHEMA_VERSION, META_GRAPH = 1, 2
META_INFO, GRAPH_DEF, SIGNATURE, OBJECT_GRAPH = 1, 2, 5, 7
TAG, VERSION = 4, 5
META_GRAPH_FIELDS = range(1, 8)
OBJECT, VARIABLE = 1, 7
DTYPE, SHAPE, NAME = 1, 2, 6


def sniff(glimpse: Glimpse) -> bool:
    """Tell by schema version 1 followed by a graph."""
    walk = Protobuf(Window(BytesReader(glimpse.head)), fields=10)
    numbers: list[int] = []
    try:
        for field in walk.fields(0, len(glimpse.head)):
            if (field.number, field.wire) not in ((SCHEMA_VERSION, VARINT), (META_GRAPH, BYTES)):
                return False
            if field.number == SCHEMA_VERSION and field.value != 1:
                return False
            numbers.append(field.number)
    except EOFError:
        return META_GRAPH in numbers
    except ValueError:
        return META_GRAPH in numbers and len(numbers) == 10
    return META_GRAPH in numbers


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return the version of TensorFlow, tags, signatures and variables."""
    draft = Draft(format=FORMAT.name)
    walk = Protobuf(Window(reader))
    graphs: list[Field] = []
    versions: set[int] = set()
    with draft.reading():
        for field in walk.fields(0, reader.size):
            if field.number == META_GRAPH and field.wire == BYTES:
                graphs.append(field)
            elif field.number == SCHEMA_VERSION:
                versions.add(field.value)
            else:
                return None
    # A text or another protobuf can pass as these two fields: the insides decide.
    if versions != {1} or not graphs or not _read_graph(walk, graphs[0], draft):
        return None
    if len(graphs) > 1:
        draft.tell("graphs", str(len(graphs)))
    draft.quantization = draft.dominant()
    draft.links += ["variables/variables.index"] if draft.tensors else []
    return draft.header()


def _read_graph(walk: Protobuf, graph: Field, draft: Draft) -> bool:
    seen = False
    signatures: list[str] = []
    with draft.reading():
        for field in walk.inside(graph):
            if field.number not in META_GRAPH_FIELDS or field.wire != BYTES:
                raise ValueError("the graph has fields that no graph has")
            seen |= field.number in (META_INFO, GRAPH_DEF)
            if field.number == META_INFO:
                _read_info(walk, field, draft)
            elif field.number == SIGNATURE and len(signatures) < 20:
                signatures.append(walk.pair(field)[0])
            elif field.number == OBJECT_GRAPH:
                _read_variables(walk, field, draft)
    draft.tell("signatures", ", ".join(sorted(signatures)))
    return seen


def _read_info(walk: Protobuf, info: Field, draft: Draft) -> None:
    tags: list[str] = []
    for field in walk.inside(info):
        if field.number == TAG and len(tags) < 20:
            tags.append(walk.text(field))
        elif field.number == VERSION:
            draft.tell("tensorflow_version", walk.text(field))
    draft.tell("tags", ", ".join(tags))


def _read_variables(walk: Protobuf, objects: Field, draft: Draft) -> None:
    for item in walk.inside(objects):
        if item.number != OBJECT:
            continue
        for kind in walk.inside(item):
            if kind.number == VARIABLE:
                _read_variable(walk, kind, draft)


def _read_variable(walk: Protobuf, variable: Field, draft: Draft) -> None:
    name, dtype = b"", 0
    shape: tuple[int, ...] = ()
    for field in walk.inside(variable):
        if field.number == DTYPE:
            dtype = field.value
        elif field.number == SHAPE:
            shape = read_shape(walk, field)
        elif field.number == NAME:
            name = walk.raw(field, 1024)
    if type_name(dtype) not in ("STRING", "RESOURCE", "VARIANT"):
        draft.add(label(name), type_name(dtype), shape)


FORMAT = Format(
    name="tf-savedmodel",
    title="TensorFlow SavedModel",
    order=41,
    extensions=(".pb",),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/saved_model.proto",
)
