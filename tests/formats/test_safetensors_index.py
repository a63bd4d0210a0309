"""Shard indexes."""

import json

import pytest

from aiguard_agent.identify.formats.safetensors_index import FORMAT


def index(shards: dict[str, str], **metadata: object) -> bytes:
    return json.dumps({"metadata": metadata, "weight_map": shards}).encode()


def test_shards_are_named_once_and_in_order(look) -> None:
    """The parts of the model are told, with the size of the whole."""
    data = index({"a": "m-2.safetensors", "b": "m-1.safetensors", "c": "m-1.safetensors"}, total_size=1234)

    header = look(FORMAT, data, name="model.safetensors.index.json")

    assert (header.role, header.links) == ("shard-index", ("m-1.safetensors", "m-2.safetensors"))
    assert dict(header.extra) == {"tensors": "3", "total_size": "1234"}
    assert header.complete and not header.runs_code


def test_the_file_may_say_how_many_parameters(look) -> None:
    """Newer indexes count for us."""
    assert look(FORMAT, index({"a": "x.safetensors"}, total_parameters=8_030_261_248)).parameters == 8_030_261_248


def test_pickled_shards_run_code(look) -> None:
    """An index of .bin shards stands for a model that is unpickled."""
    assert look(FORMAT, index({"a": "pytorch_model-00001-of-00002.bin"})).runs_code


@pytest.mark.parametrize("shard", ["../../etc/x.bin", "/etc/x", "a/../../b", "..\\x"])
def test_a_shard_outside_the_folder_is_remarked(look, shard: str) -> None:
    """Traversal is told; the name is kept as written."""
    header = look(FORMAT, index({"a": shard}))

    assert header.links == (shard,)
    assert any("outside the folder" in remark for remark in header.remarks)


def test_two_dots_in_a_name_are_no_traversal(look) -> None:
    """A near miss stays without a remark."""
    assert look(FORMAT, index({"a": "model..safetensors"})).remarks == ()


def test_an_index_of_the_largest_models_is_read(look) -> None:
    """92,000 tensors in 163 shards, 9 MiB and more: all shards are named, and little memory is used."""
    shards = {
        f"model.layers.{n // 1500}.mlp.experts.{n % 1500}.down_proj.weight_scale_inv": f"model-{n % 163}.safetensors"
        for n in range(92_000)
    }

    header = look(FORMAT, index(shards))

    assert header.complete and len(header.links) == 163
    assert dict(header.extra)["tensors"] == "92000"


def test_escaped_names_are_spelled_out(look) -> None:
    """What a loader would open is what is told."""
    header = look(FORMAT, b'{"weight_map": {"a\\"b": "\\u002e\\u002e/x.bin"}}')

    assert header.links == ("../x.bin",) and header.runs_code


@pytest.mark.parametrize(
    "data",
    [
        b'{"weight_map": {"a": 1}}',
        b'{"weight_map": {"a": "b", "c": {"d": "e"}, "f": null}}',
        b'{"weight_map": {"a": "b"',
        b'{"weight_map":' + b"[" * 100_000,
        json.dumps({"weight_map": {str(n): f"{n}.bin" for n in range(5000)}}).encode(),
    ],
)
def test_a_broken_index_is_not_complete(look, data: bytes) -> None:
    """What has the key is an index, also when it is broken or endless."""
    header = look(FORMAT, data)

    assert header.role == "shard-index" and not header.complete


@pytest.mark.parametrize("data", [b"", b"{}", b'{"weights": {}}', b'["weight_map"]', b'"weight_map"'])
def test_other_json_is_no_index(look, data: bytes) -> None:
    """Neither the usual name nor braces make an index."""
    assert look(FORMAT, data, name="other.index.json") is None
