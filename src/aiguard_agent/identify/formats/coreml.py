"""Core ML: Apple's `.mlmodel` (a protobuf Model without a magic) and the `Manifest.json` of an `.mlpackage` folder.

Loading it runs no code of the file: custom layers and custom models name a class that the app must bring itself.
"""

from __future__ import annotations

import msgspec

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import BytesReader, Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.jsontext import decode_part
from aiguard_agent.identify.protobuf import BYTES, VARINT, Field, Protobuf
from aiguard_agent.identify.window import Window

SPECIFICATION, DESCRIPTION, UPDATABLE = 1, 2, 10
METADATA = 100
SHORT, VERSION, AUTHOR, LICENSE, USER = 1, 2, 3, 4, 100
DESCRIPTION_FIELDS = frozenset({1, 10, 11, 12, 13, 14, 20, 50, METADATA})
MOST_USER = 20
KINDS = {
    200: "pipeline classifier",
    201: "pipeline regressor",
    202: "pipeline",
    300: "linear regressor",
    301: "support vector regressor",
    302: "tree ensemble regressor",
    303: "neural network regressor",
    304: "bayesian probit regressor",
    400: "linear classifier",
    401: "support vector classifier",
    402: "tree ensemble classifier",
    403: "neural network classifier",
    404: "nearest neighbours classifier",
    500: "neural network",
    501: "item similarity recommender",
    502: "ml program",
    555: "custom model",
    556: "linked model",
    560: "class confidence thresholding",
    600: "one-hot encoder",
    601: "imputer",
    602: "feature vectorizer",
    603: "dictionary vectorizer",
    604: "scaler",
    606: "categorical mapping",
    607: "normalizer",
    609: "array feature extractor",
    610: "non-maximum suppression",
    900: "identity",
    2000: "text classifier",
    2001: "word tagger",
    2002: "vision feature print",
    2003: "sound analysis",
    2004: "gazetteer",
    2005: "word embedding",
    2006: "audio feature print",
    3000: "serialized model",
}
"""Field of the `Type` choice -> what people call it."""


class Item(msgspec.Struct):
    """One member of a package."""

    path: str
    author: str = ""


class Manifest(msgspec.Struct, rename="camel"):
    """The manifest of a package."""

    root_model_identifier: str
    item_info_entries: dict[str, Item]
    file_format_version: str = ""


def sniff(glimpse: Glimpse) -> bool:
    """Tell by a specification version followed by a description, or by the words of a package's manifest."""
    if b'"rootModelIdentifier"' in glimpse.head and glimpse.head.lstrip()[:1] == b"{":
        return True
    walk = Protobuf(Window(BytesReader(glimpse.head)), fields=2)
    seen: list[tuple[int, int]] = []
    try:
        for field in walk.fields(0, len(glimpse.head)):
            if field.number == SPECIFICATION and not 0 < field.value < 1000:
                return False
            seen.append((field.number, field.wire))
    except (EOFError, ValueError):
        pass
    return seen[:2] == [(SPECIFICATION, VARINT), (DESCRIPTION, BYTES)]


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return kind, author, licence and words; for a package what its manifest lists."""
    draft = Draft(format=FORMAT.name)
    if glimpse.head.lstrip()[:1] == b"{":
        return _read_manifest(reader, draft)
    walk = Protobuf(Window(reader), fields=10_000)
    descriptions: list[Field] = []
    with draft.reading():
        for field in walk.fields(0, reader.size):
            if field.number in KINDS and field.wire == BYTES:
                draft.architecture = KINDS[field.number]
            elif field.number == SPECIFICATION and field.wire == VARINT:
                draft.tell("specification", str(field.value))
            elif field.number == DESCRIPTION and field.wire == BYTES:
                descriptions.append(field)
            elif field.number != UPDATABLE:
                return None
    if not draft.architecture or not descriptions or "specification" not in draft.extra:
        return None
    return draft.header() if _read_description(walk, descriptions[0], draft) else None


def _read_description(walk: Protobuf, description: Field, draft: Draft) -> bool:
    """Take the metadata; False when these bytes are no description at all."""
    with draft.reading():
        for field in walk.inside(description):
            if field.number not in DESCRIPTION_FIELDS:
                return False
            if field.number == METADATA:
                _read_metadata(walk, field, draft)
    return True


def _read_metadata(walk: Protobuf, metadata: Field, draft: Draft) -> None:
    users = 0
    for field in walk.inside(metadata):
        if field.number == SHORT:
            draft.tell("description", walk.text(field))
        elif field.number == VERSION:
            draft.tell("version", walk.text(field))
        elif field.number == AUTHOR:
            draft.author = walk.text(field)
        elif field.number == LICENSE:
            draft.license = walk.text(field)
        elif field.number == USER and users < MOST_USER:
            users += 1
            key, value = walk.pair(field)
            draft.tell(f"property {key[:60]}", value)


def _read_manifest(reader: Reader, draft: Draft) -> ModelHeader | None:
    draft.role = "manifest"
    found = False
    with draft.reading():
        manifest = decode_part(Window(reader), 0, reader.size, Manifest)
        found = True
        draft.tell("package_version", manifest.file_format_version)
        for item in manifest.item_info_entries.values():
            draft.link(f"Data/{item.path}")
    return draft.header() if found else None


FORMAT = Format(
    name="coreml",
    title="Core ML",
    order=42,
    extensions=(".mlmodel",),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://apple.github.io/coremltools/mlmodel/Format/Model.html",
)
