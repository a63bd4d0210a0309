"""Orbax checkpoints."""

import json

import pytest

from aiguard_agent.identify.formats.orbax import FORMAT


def test_real_metadata_lists_the_arrays(look, example) -> None:
    """The tree gives names and shapes; it is only the manifest of the folder."""
    header = look(FORMAT, example("orbax-orbax-0.12.8.json"), name="_metadata")

    assert (header.role, header.parameters, dict(header.extra)["arrays"]) == ("manifest", 3 * 4 + 4 + 1, "3")
    assert header.complete and header.fingerprint and not header.runs_code


def test_a_real_database_is_recognised(look, example) -> None:
    """The manifest of the database is as long as it says."""
    data = example("orbax-orbax-0.12.8.ocdbt")

    assert look(FORMAT, data).complete
    assert not look(FORMAT, data[:-1]).complete
    assert not look(FORMAT, data[:4]).complete


def test_half_the_shapes_make_no_fingerprint(look) -> None:
    """Where some shapes are missing, the count is told and nothing is summed."""
    tree = {"a": {"value_metadata": {"write_shape": [3]}}, "b": {"value_metadata": {"value_type": "jax.Array"}}}

    header = look(FORMAT, json.dumps({"tree_metadata": tree}).encode())

    assert (header.parameters, header.fingerprint, dict(header.extra)["arrays"]) == (None, "", "2")


@pytest.mark.parametrize("handlers", ["some.Handler", {"state": "a.B", "metadata": "c.D"}])
def test_what_was_saved_is_told(look, handlers: object) -> None:
    """One handler or several by item: both forms are read."""
    header = look(FORMAT, json.dumps({"item_handlers": handlers, "init_timestamp_nsecs": 1}).encode())

    assert dict(header.extra)["items"] in ("some.Handler", "metadata, state")


@pytest.mark.parametrize(
    "data", [b'{"tree_metadata": 1}', b'{"tree_metadata": {"a', b'{"tree_metadata":' + b"[" * 9999]
)
def test_broken_metadata_needs_the_name(look, data: bytes) -> None:
    """Under its own name a broken file is told, under another it is some JSON."""
    assert not look(FORMAT, data, name="_metadata").complete
    assert look(FORMAT, data, name="other.json") is None


@pytest.mark.parametrize(
    "data", [b"", b"{}", b'{"tree": 1}', b'{"a": "tree_metadata"}', b"\x0c\xdb\x20\xde" + bytes(50)]
)
def test_other_bytes_are_not_orbax(look, data: bytes) -> None:
    """Other JSON and inner nodes of the database are something else."""
    assert look(FORMAT, data) is None
