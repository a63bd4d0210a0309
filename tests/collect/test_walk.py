import os
import time

import pytest

from aiguard_agent.collect.host import Host
from aiguard_agent.collect.locate import Locator
from aiguard_agent.collect.merge import merge_files
from aiguard_agent.collect.recall import Unfinished
from aiguard_agent.collect.walk import Budget, Plan, Walker, single
from aiguard_agent.core.facts import BlindKind

SHA = "d" * 64


def walker(root="/", *, entries=1_000_000, **more):
    host = Host(root)
    budget = Budget(entries=entries, deadline=time.monotonic() + 60)
    return Walker(host=host, locator=Locator(host), budget=budget, **more)


def put(folder, name, data=b"GGUF"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def walk(tmp_path, **more):
    files, left = walker().walk(Plan(top=str(tmp_path), store="path", **more))
    assert left == []
    return {os.path.relpath(seen.path, tmp_path): seen for seen in files}


def test_models_and_sidecars_are_kept_and_other_files_are_not(tmp_path):
    """Names count; text, code and unfinished downloads stay out; programs' folders are not entered."""
    for name in ("a.gguf", "m/model.safetensors", "m/config.json", "m/README.md", "m/x.py", "b.gguf.incomplete"):
        put(tmp_path, name)
    put(tmp_path, "node_modules/x/a.onnx")
    put(tmp_path, "empty.gguf", b"")

    assert sorted(walk(tmp_path)) == ["a.gguf", "m/config.json", "m/model.safetensors"]


def test_size_alone_counts_only_in_trusted_places(tmp_path):
    """A big file of any name is kept in a model store and not elsewhere."""
    with put(tmp_path, "blob").open("wb") as file:
        file.truncate(2 << 20)

    assert sorted(walk(tmp_path)) == ["blob"]
    assert walk(tmp_path, trusted=False) == {}


def test_hub_snapshot_is_named_by_its_link_and_counted_once(tmp_path):
    """A hub file is told under its snapshot name, with its blob, its repository and the digest it is kept under."""
    repository = tmp_path / "models--org--name"
    blob = put(repository, f"blobs/{SHA}", b"x" * (2 << 20))
    link = repository / "snapshots/rev1/model.safetensors"
    link.parent.mkdir(parents=True)
    link.symlink_to(f"../../blobs/{SHA}")

    (seen,) = merge_files(walk(tmp_path).values())

    assert (seen.path, seen.reach, seen.sha256) == (str(link), str(blob), SHA)
    assert seen.aliases == (str(blob), "hf:org/name@rev1")
    assert (seen.inode, seen.size) == (blob.stat().st_ino, 2 << 20)


def test_snapshot_link_that_leaves_its_repository_earns_no_origin(tmp_path):
    """Whoever links a snapshot name to a file elsewhere does not get the repository's name for it."""
    other = put(tmp_path, "elsewhere/y.safetensors")
    link = tmp_path / "hub/models--org--name/snapshots/rev1/model.safetensors"
    link.parent.mkdir(parents=True)
    link.symlink_to(other)

    found = walk(tmp_path / "hub")

    (seen,) = found.values()
    assert seen.path == str(other)
    assert seen.aliases == (str(link),)


def test_link_loops_and_links_to_folders_are_not_followed(tmp_path):
    """A link to a parent, to itself or to a folder never leads anywhere."""
    put(tmp_path, "a/m.gguf")
    (tmp_path / "a/up").symlink_to(tmp_path)
    (tmp_path / "a/self.gguf").symlink_to("self.gguf")
    (tmp_path / "b").symlink_to(tmp_path / "a")

    assert sorted(walk(tmp_path)) == ["a/m.gguf"]


def test_link_out_of_a_recorded_root_is_taken_inside_it(tmp_path):
    """A recorded host is closed: a link to an absolute path means the recorded one."""
    outside = put(tmp_path, "outside.gguf")
    root = tmp_path / "host"
    put(root, "srv/real.gguf")
    (root / "srv/abs.gguf").symlink_to("/srv/real.gguf")
    (root / "srv/out.gguf").symlink_to(outside)
    (root / "srv/climb.gguf").symlink_to("../../outside.gguf")

    files, _left = walker(root).walk(Plan(top="/srv", store="path"))

    assert {seen.path for seen in files} == {"/srv/real.gguf"}


def test_fifo_named_like_a_model_is_not_touched(tmp_path):
    """A FIFO, a socket or a device under a model's name is neither opened nor kept."""
    os.mkfifo(tmp_path / "model.gguf")

    assert walk(tmp_path) == {}


def test_huge_sparse_file_costs_nothing(tmp_path):
    """Only names and stats are read: ten sparse gigabytes are seen at once."""
    with put(tmp_path, "big.gguf").open("wb") as file:
        file.truncate(10 << 30)

    assert walk(tmp_path)["big.gguf"].size == 10 << 30


def test_writable_by_everybody_is_told_for_file_and_folder(tmp_path):
    """Modes of the file and of the folder it lies in are kept."""
    path = put(tmp_path, "d/a.gguf")
    path.chmod(0o666)
    path.parent.chmod(0o777)

    seen = walk(tmp_path)["d/a.gguf"]

    assert (seen.mode & 0o777, seen.directory_mode & 0o777) == (0o666, 0o777)


def test_budget_ends_the_walk_and_the_next_one_goes_on(tmp_path):
    """What was left is named, and going on from there gives everything, once."""
    for number in range(30):
        put(tmp_path, f"d{number:02}/a.gguf")
    first = walker(entries=40)

    files, left = first.walk(Plan(top=str(tmp_path), store="path"))

    assert 0 < len(files) < 30
    assert len(files) + len(left) == 30
    second, rest = walker().walk(Plan(top=str(tmp_path), store="path"), Unfinished(left=left, files=tuple(files)))
    assert rest == []
    assert len({seen.path for seen in second}) == len(second) == 30


def test_file_that_went_between_two_parts_of_a_walk_is_dropped(tmp_path):
    """What the first part saw is looked at again before it is told."""
    path = put(tmp_path, "a.gguf")
    files, _left = walker().walk(Plan(top=str(tmp_path), store="path"))
    path.unlink()

    again, _rest = walker().walk(Plan(top=str(tmp_path), store="path"), Unfinished(left=[], files=tuple(files)))

    assert again == []


def test_folder_larger_than_the_budget_is_read_in_part_and_left_for_later(tmp_path):
    """A folder with more names than the budget does not go missing in silence."""
    for number in range(1200):
        put(tmp_path, f"{number}.gguf")

    files, left = walker(entries=512).walk(Plan(top=str(tmp_path), store="path"))

    assert len(files) == 511
    assert left == [str(tmp_path)]


def test_too_deep_folders_are_told(tmp_path):
    """Beyond the depth of a place one line counts what was not entered."""
    put(tmp_path, "1/2/3/a.gguf")
    run = walker()

    files, _left = run.walk(Plan(top=str(tmp_path), store="path", depth=2))

    assert files == []
    assert [(blind.kind, blind.count) for blind in run.blind] == [(BlindKind.BUDGET, 1)]


@pytest.mark.parametrize(("kind", "remote", "expected"), [("nfs4", False, 0), ("nfs4", True, 1), ("proc", True, 0)])
def test_remote_file_systems_are_skipped_unless_asked_for(tmp_path, kind, remote, expected):
    """A folder on NFS is not entered by default and that is told; a pseudo file system never is."""
    put(tmp_path, "srv/nas/a.gguf")
    (tmp_path / "proc/1").mkdir(parents=True)
    (tmp_path / "proc/1/mountinfo").write_text(
        f"1 0 8:1 / / rw - ext4 a rw\n2 1 0:9 / /srv/nas rw - {kind} nas:/x rw\n"
    )
    run = walker(tmp_path, remote=remote)

    files, _left = run.walk(Plan(top="/srv", store="path"))

    assert len(files) == expected
    assert [blind.kind for blind in run.blind] == ([BlindKind.REMOTE] if kind == "nfs4" and not remote else [])


def test_folder_that_may_not_be_read_is_told(tmp_path, monkeypatch):
    """A refused folder is a blind spot and the walk goes on."""
    put(tmp_path, "closed/a.gguf")
    put(tmp_path, "open/b.gguf")
    real = os.open

    def refuse(path, *rest, **more):
        if str(path).endswith("/closed"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *rest, **more)

    monkeypatch.setattr(os, "open", refuse)
    run = walker()

    files, _left = run.walk(Plan(top=str(tmp_path), store="path"))

    assert [seen.path for seen in files] == [str(tmp_path / "open/b.gguf")]
    assert [(blind.kind, blind.subject) for blind in run.blind] == [(BlindKind.DENIED, str(tmp_path / "closed"))]


def test_folder_reached_twice_is_read_once(tmp_path):
    """Two plans over one folder give its files once."""
    put(tmp_path, "x/a.gguf")
    run = walker()

    first, _left = run.walk(Plan(top=str(tmp_path / "x"), store="srv"))
    second, _left = run.walk(Plan(top=str(tmp_path), store="path"))

    assert [len(first), len(second)] == [1, 0]


def test_single_file_is_taken_whatever_its_name(tmp_path):
    """A file that somebody names counts; a folder, an empty one and a missing one do not."""
    path = put(tmp_path, "thing")
    (tmp_path / "link").symlink_to(path)
    locator = Locator(Host())

    seen = single(locator, str(tmp_path / "link"), pid=None, store="path")

    assert seen is not None
    assert (seen.path, seen.aliases) == (str(path), (str(tmp_path / "link"),))
    assert single(locator, str(tmp_path), pid=None, store="path") is None
    assert single(locator, str(tmp_path / "none"), pid=None, store="path") is None
