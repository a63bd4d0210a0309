"""Where a file lies in the eyes of its users."""

import pytest

from aiguard_agent.core.facts import FileSeen
from aiguard_agent.identify.recognised import SHARD, folder_and_name, places, stored_digest

HUB = "/h/hub/models--o--n"


@pytest.mark.parametrize(
    ("aliases", "expected"),
    [
        ((), ("/h/blob",)),
        (("/app/x", "hf:o/n"), ("/h/blob",)),
        (
            (f"{HUB}/snapshots/r2/a", f"{HUB}/snapshots/r1/a", "/app/x"),
            (f"{HUB}/snapshots/r1/a", f"{HUB}/snapshots/r2/a"),
        ),
    ],
)
def test_snapshots_are_the_places_of_a_blob(aliases: tuple[str, ...], expected: tuple[str, ...]) -> None:
    """Only names of the hub cache replace the path."""
    assert places(FileSeen(path="/h/blob", size=1, aliases=aliases)) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/m/blobs/" + "a" * 64, "a" * 64),
        ("/m/blobs/sha256-" + "b" * 64, "b" * 64),
        ("/m/blobs/" + "a" * 40, ""),
        ("/m/" + "a" * 64, ""),
        ("/m/blobs/" + "A" * 64, ""),
    ],
)
def test_a_store_names_by_digest(path: str, expected: str) -> None:
    """The name of a blob is its SHA-256, unless it is a git one."""
    assert stored_digest(FileSeen(path=path, size=1)) == expected


def test_a_computed_digest_wins() -> None:
    """What we computed beats what a name claims."""
    assert stored_digest(FileSeen(path="/m/blobs/" + "a" * 64, size=1, sha256="c" * 64)) == "c" * 64


@pytest.mark.parametrize(("path", "expected"), [("/a/b", ("/a", "b")), ("/b", ("/", "b")), ("b", ("/", "b"))])
def test_a_path_is_split_at_its_last_slash(path: str, expected: tuple[str, str]) -> None:
    """The root keeps its slash."""
    assert folder_and_name(path) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("model-00001-of-00003.safetensors", ("model", "00001", "00003", ".safetensors")),
        ("Q4_K_M-00002-of-00002.gguf", ("Q4_K_M", "00002", "00002", ".gguf")),
        ("model-1-of-3.safetensors", None),
        ("-00001-of-00003", None),
    ],
)
def test_shard_names_are_parsed(name: str, expected: tuple[str, ...] | None) -> None:
    """Stem, number, total and ending."""
    match = SHARD.match(name)

    assert (match.groups() if match else None) == expected
