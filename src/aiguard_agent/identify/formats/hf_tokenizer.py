"""Tokenizer files beside weights: `tokenizer.json`, `tokenizer_config.json`, SentencePiece `tokenizer.model`.

They belong to a model and are none: bundles take them in, and nothing lists them alone.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.jsontext import decode

MAX_CONFIG = 4 * 1024 * 1024
WORDS = (b'"added_tokens"', b'"pre_tokenizer"', b'"post_processor"', b'"normalizer"')
SETTINGS = (b'"tokenizer_class"', b'"added_tokens_decoder"', b'"chat_template"', b'"model_max_length"')
SENTENCEPIECE = (b"\x0a\x0e\x0a\x05<unk>\x15", b"\x0a\x10\x0a\x07<unk>")
"""The first piece of a SentencePiece model: field 1, which holds a text and a score."""


class Settings(msgspec.Struct):
    """What is read of tokenizer_config.json."""

    tokenizer_class: str | None = None
    chat_template: Any = None


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the keys of the document, or by SentencePiece's first piece."""
    if glimpse.head.startswith(SENTENCEPIECE):
        return True
    if not glimpse.head.lstrip().startswith(b"{"):
        return False
    ends = glimpse.head + glimpse.tail
    return sum(word in ends for word in WORDS) >= 2 or sum(word in ends for word in SETTINGS) >= 2


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return the kind of tokenizer; the role is `tokenizer`. Vocabularies are not read."""
    draft = Draft(format=FORMAT.name, role="tokenizer")
    if glimpse.head.startswith(SENTENCEPIECE):
        draft.tell("kind", "sentencepiece")
        return draft.header()
    ends = glimpse.head + glimpse.tail
    if sum(word in ends for word in WORDS) >= 2:
        draft.tell("kind", "tokenizers")
        return draft.header()
    try:
        settings = decode(reader.read_at(0, MAX_CONFIG), Settings)
    except ValueError:
        return None
    draft.tell("kind", settings.tokenizer_class or "settings")
    if isinstance(settings.chat_template, str):
        # A text-only backdoor of a template is found by nothing but a digest that differs from the approved one.
        draft.tell("chat_template_sha256", sha256(settings.chat_template.encode("utf-8", "replace")).hexdigest())
    return draft.header()


FORMAT = Format(
    name="tokenizer",
    title="Tokenizer",
    order=32,
    extensions=(".json", ".model"),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://huggingface.co/docs/tokenizers/index",
)
