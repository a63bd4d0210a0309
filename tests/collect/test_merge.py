from aiguard_agent.collect.merge import merge_files
from aiguard_agent.core.facts import FileSeen

BLOB = "/c/models--o--n/blobs/" + "a" * 64
SNAPSHOT = "/c/models--o--n/snapshots/1/model.safetensors"


def test_held_blob_and_its_snapshot_name_are_one_file():
    """The name that people know wins over the digest; holders, store and digest are kept."""
    held = FileSeen(path=BLOB, size=9, dev=1, inode=2, store="held", held_by=(7,))
    stored = FileSeen(
        path=SNAPSHOT,
        size=9,
        dev=1,
        inode=2,
        store="huggingface",
        reach=BLOB,
        aliases=(BLOB, "hf:o/n@1"),
        sha256="a" * 64,
    )

    (seen,) = merge_files([held, stored])

    assert (seen.path, seen.reach, seen.store, seen.held_by) == (SNAPSHOT, BLOB, "huggingface", (7,))
    assert seen.aliases == (BLOB, "hf:o/n@1")
    assert seen.sha256 == "a" * 64


def test_host_path_beats_a_path_inside_a_container():
    """Of two ways to one inode the one on the host is told."""
    inner = FileSeen(
        path="/m/a.gguf", size=9, dev=1, inode=2, reach="/proc/5/root/m/a.gguf", store="held", held_by=(5,)
    )
    outer = FileSeen(path="/srv/a.gguf", size=9, dev=1, inode=2, store="srv")

    (seen,) = merge_files([inner, outer])

    assert (seen.path, seen.reach, seen.held_by, seen.aliases) == ("/srv/a.gguf", "", (5,), ("/m/a.gguf",))


def test_same_size_or_same_number_on_another_device_is_another_file():
    """Only device and inode together make two names one file; without inodes only the path does."""
    files = [
        FileSeen(path="/a", size=9, dev=1, inode=2),
        FileSeen(path="/b", size=9, dev=2, inode=2),
        FileSeen(path="/c", size=9),
        FileSeen(path="/d", size=9),
        FileSeen(path="/c", size=9, held_by=(3,)),
    ]

    merged = merge_files(files)

    assert [seen.path for seen in merged] == ["/a", "/b", "/c", "/d"]
    assert merged[2].held_by == (3,)
