"""The numbers of GGML types."""

from aiguard_agent.identify.ggml_types import FILE_TYPES, TYPES, tensor_bytes, type_name


def test_sizes_are_counted_in_blocks() -> None:
    """256 elements of Q4_K are one block of 144 bytes, one more starts the next block."""
    assert (tensor_bytes(12, 256), tensor_bytes(12, 257), tensor_bytes(0, 3)) == (144, 288, 12)


def test_a_type_from_the_future_has_no_size() -> None:
    """An unknown number is told as such, never guessed."""
    assert tensor_bytes(9999, 32) is None
    assert type_name(9999) == "TYPE_9999"


def test_names_are_unique() -> None:
    """No two numbers share a name."""
    assert len({name for name, _, _ in TYPES.values()}) == len(TYPES)
    assert len(set(FILE_TYPES.values())) == len(FILE_TYPES)
