"""Hugging Face papers beside weights: `config.json` of transformers or diffusers, `adapter_config.json` of PEFT."""

from __future__ import annotations

from typing import Any

import msgspec

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.jsontext import decode

MAX_CONFIG = 1024 * 1024
MARKS = (b'"architectures"', b'"model_type"', b'"transformers_version"', b'"peft_type"', b'"_diffusers_version"')
CONTEXT = (
    "max_position_embeddings",
    "n_positions",
    "n_ctx",
    "max_seq_len",
    "seq_length",
    "max_sequence_length",
    "model_max_length",
)
INNER = ("text_config", "llm_config", "language_config", "decoder")
"""Where multimodal models keep the config of their language model."""


class Config(msgspec.Struct):
    """The members that are read; each may be of any type, since each family writes its own."""

    architectures: Any = None
    model_type: Any = None
    transformers_version: Any = None
    diffusers_version: Any = msgspec.field(name="_diffusers_version", default=None)
    class_name: Any = msgspec.field(name="_class_name", default=None)
    name_or_path: Any = msgspec.field(name="_name_or_path", default=None)
    peft_type: Any = None
    base_model: Any = msgspec.field(name="base_model_name_or_path", default=None)
    license: Any = None
    torch_dtype: Any = None
    dtype: Any = None
    quantization_config: Any = None
    auto_map: Any = None
    vocab_size: Any = None
    hidden_size: Any = None


def sniff(glimpse: Glimpse) -> bool:
    """Tell by a JSON object with one of the keys that every such file has."""
    if not glimpse.head.lstrip().startswith(b"{") or glimpse.size > MAX_CONFIG:
        return False
    return any(mark in glimpse.head or mark in glimpse.tail for mark in MARKS)


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return architecture, context length and origin; the role is `config`."""
    raw = reader.read_at(0, MAX_CONFIG)
    try:
        config, members = decode(raw, Config), decode(raw, dict[str, Any])
    except ValueError:
        return None
    if not _is_config(config, members):
        return None
    draft = Draft(format=FORMAT.name, role="config")
    draft.architecture = _text(config.model_type) or _text(config.class_name) or _text(config.peft_type)
    draft.license = _text(config.license)
    draft.base_model = _repository(config.base_model) or _repository(config.name_or_path)
    draft.context_length = _context(members)
    draft.quantization = _quantization(config.quantization_config)
    names = config.architectures if isinstance(config.architectures, list) else []
    draft.tell("architectures", ", ".join(_text(name) for name in names[:4]))
    draft.tell("dtype", _text(config.dtype) or _text(config.torch_dtype))
    draft.tell("transformers", _text(config.transformers_version))
    draft.tell("diffusers", _text(config.diffusers_version))
    draft.tell("seen", "keys of a transformers config")
    if isinstance(config.auto_map, dict) and config.auto_map:
        draft.remark("auto_map: needs Python code of its repository (trust_remote_code)")
    return draft.header()


def _is_config(config: Config, members: dict[str, Any]) -> bool:
    if _text(config.peft_type) and "base_model_name_or_path" in members:
        return True
    if _text(config.class_name) and _text(config.diffusers_version):
        return True
    if isinstance(config.architectures, list) and all(isinstance(name, str) for name in config.architectures):
        return bool(_text(config.model_type) or _text(config.transformers_version))
    # Other registries also write `model_type` (Ollama's image config does): it takes a second key of the family.
    family = ("transformers_version", "vocab_size", "hidden_size", "torch_dtype", "num_hidden_layers", "d_model")
    return bool(_text(config.model_type)) and any(key in members for key in family)


def _context(members: dict[str, Any]) -> int | None:
    inner = [members[key] for key in INNER if isinstance(members.get(key), dict)]
    for part in (members, *inner):
        for key in CONTEXT:
            value = part.get(key)
            if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 32:
                return value
    return None


def _quantization(value: Any) -> str:
    if not isinstance(value, dict):
        return ""
    method, bits = _text(value.get("quant_method")), value.get("bits")
    if value.get("load_in_4bit") is True:
        bits = 4
    elif value.get("load_in_8bit") is True:
        bits = 8
    number = f" {bits} bit" if isinstance(bits, int) and 0 < bits < 64 else ""
    return f"{method}{number}".strip()


def _repository(value: Any) -> str:
    """Return `org/name`; a local path says where somebody trained, not what the base is."""
    text = _text(value)
    return text if text.count("/") <= 1 and text[:1] not in {"", "/", ".", "~"} else ""


def _text(value: Any) -> str:
    return value[:300] if isinstance(value, str) else ""


FORMAT = Format(
    name="hf-config",
    title="Hugging Face config",
    order=31,
    extensions=(".json",),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://huggingface.co/docs/transformers/main_classes/configuration",
)
