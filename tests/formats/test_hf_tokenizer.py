"""Tokenizer files."""

import hashlib
import json

import pytest

from aiguard_agent.identify.formats.hf_tokenizer import FORMAT


def test_a_template_is_told_by_its_digest(look) -> None:
    """A text-only backdoor shows in nothing else."""
    settings = {"tokenizer_class": "LlamaTokenizer", "chat_template": "{{ x }}", "model_max_length": 5}

    header = look(FORMAT, json.dumps(settings).encode())

    assert (header.role, dict(header.extra)["kind"]) == ("tokenizer", "LlamaTokenizer")
    assert dict(header.extra)["chat_template_sha256"] == hashlib.sha256(b"{{ x }}").hexdigest()


def test_a_vocabulary_is_not_read(look) -> None:
    """tokenizer.json may have many megabytes; its first bytes are enough."""
    head = b'{"version": "1.0", "truncation": null, "added_tokens": [], "normalizer": null, "model": {'

    header = look(FORMAT, head + b" " * 5000, size=1 << 30)

    assert dict(header.extra)["kind"] == "tokenizers"


def test_sentencepiece_is_told_by_its_first_piece(look) -> None:
    """A protobuf whose first entry is <unk>."""
    header = look(FORMAT, b"\x0a\x0e\x0a\x05<unk>\x15\x00\x00\x00\x00\x18\x02")

    assert dict(header.extra)["kind"] == "sentencepiece"


@pytest.mark.parametrize("data", [b'{"normalizer": 1}', b'{"chat_template": "x"}', b"[]", b"", b"<unk>"])
def test_other_documents_are_none(look, data: bytes) -> None:
    """One key that happens to be there is not enough."""
    assert look(FORMAT, data) is None


def test_broken_settings_are_none(look) -> None:
    """Half a document is no tokenizer."""
    assert look(FORMAT, b'{"tokenizer_class": "X", "chat_template": "') is None
