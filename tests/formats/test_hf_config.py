"""Hugging Face configs."""

import json

import pytest

from aiguard_agent.identify.formats.hf_config import FORMAT

LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "max_position_embeddings": 4096,
    "transformers_version": "5.0.0",
    "dtype": "bfloat16",
    "_name_or_path": "org/base",
}


def config(**more: object) -> bytes:
    return json.dumps({**LLAMA, **more}, indent=2).encode()


def test_a_language_model_is_described(look) -> None:
    """Architecture, context and base; it is a paper, not a model."""
    header = look(FORMAT, config())

    assert (header.role, header.architecture, header.context_length) == ("config", "llama", 4096)
    assert (header.base_model, dict(header.extra)["architectures"]) == ("org/base", "LlamaForCausalLM")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, "gptq 4 bit"),
        ({"quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": True}}, "bitsandbytes 8 bit"),
        ({"quantization_config": {"quant_method": "fp8"}}, "fp8"),
        ({"quantization_config": ["x"]}, ""),
    ],
)
def test_the_quantisation_is_told(look, more: dict[str, object], expected: str) -> None:
    """As the quantiser wrote it."""
    assert look(FORMAT, config(**more)).quantization == expected


def test_the_language_part_gives_the_context(look) -> None:
    """Multimodal configs keep it one level down."""
    inner = {"model_type": "llava", "architectures": ["L"], "text_config": {"max_position_embeddings": 77}}

    assert look(FORMAT, json.dumps(inner).encode()).context_length == 77


def test_an_adapter_names_its_base(look) -> None:
    """PEFT's config has keys of its own."""
    header = look(FORMAT, b'{"peft_type": "LORA", "base_model_name_or_path": "org/base"}')

    assert (header.architecture, header.base_model) == ("LORA", "org/base")


def test_a_diffusion_component_is_described(look) -> None:
    """diffusers names the class."""
    header = look(FORMAT, b'{"_class_name": "UNet2DConditionModel", "_diffusers_version": "0.30"}')

    assert header.architecture == "UNet2DConditionModel"


def test_code_from_the_repository_is_told(look) -> None:
    """auto_map asks for trust_remote_code."""
    assert look(FORMAT, config(auto_map={"AutoModel": "modeling.X"})).remarks


def test_a_local_path_is_no_base(look) -> None:
    """Where somebody trained is nobody's business."""
    assert look(FORMAT, config(_name_or_path="/home/bob/run3")).base_model == ""


@pytest.mark.parametrize(
    "document",
    [
        {"model_format": "gguf", "model_family": "llama", "model_type": "8.0B", "architecture": "amd64", "os": "linux"},
        {"model_type": "car", "wheels": 4},
        {"architectures": "amd64"},
        {"architectures": ["amd64", "arm64"], "name": "image"},
        {"peft_type": "x"},
        ["model_type"],
    ],
)
def test_other_documents_are_none(look, document: object) -> None:
    """Ollama's image config, a catalogue of cars, a container manifest."""
    assert look(FORMAT, json.dumps(document).encode()) is None


@pytest.mark.parametrize(
    "junk", [None, 3, [1], {"a": 2}, "x" * 5000, True, -1, [["x"]], {"bits": -4, "quant_method": 5}]
)
def test_values_of_any_type_are_survived(look, junk: object) -> None:
    """Every member may be anything that JSON can say."""
    members = [*LLAMA, "quantization_config", "license", "auto_map", "text_config", "peft_type"]
    assert look(FORMAT, json.dumps({**LLAMA, "model_type": junk}).encode()) is not None

    for member in members:
        look(FORMAT, config(**{member: junk}))
    look(FORMAT, config(**dict.fromkeys(members, junk)))


def test_every_prefix_is_none(look) -> None:
    """Half a document is no config."""
    data = config()

    assert all(look(FORMAT, data[:end]) is None for end in range(len(data) - 1))
