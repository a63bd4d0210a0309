import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiguard_agent.collect.mounts import parse_mountinfo, translate, unescape

HOST = """\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 27 254:16 / /data rw,relatime shared:5 - xfs /dev/vdb rw
41 27 0:50 / /mnt/nas rw - nfs4 nas:/export rw
"""
DOCKER_OVERLAY = """\
900 800 0:60 / / rw,relatime - overlay overlay rw,lowerdir=/d/l/AA:/d/l/BB,upperdir=/d/one/diff,workdir=/d/one/work
901 900 254:16 /llm /models ro,relatime - xfs /dev/vdb rw
902 900 0:71 / /tmp rw - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/models/a.gguf", ["/data/llm/a.gguf"]),
        ("/models", ["/data/llm"]),
        ("/root/x.pt", ["/d/one/diff/root/x.pt", "/d/l/AA/root/x.pt", "/d/l/BB/root/x.pt"]),
        ("/modelsX/a.gguf", ["/d/one/diff/modelsX/a.gguf", "/d/l/AA/modelsX/a.gguf", "/d/l/BB/modelsX/a.gguf"]),
        ("/tmp/a.gguf", []),
    ],
)
def test_container_path_becomes_host_path(path, expected):
    """A path of a container leads to the host folder that is mounted there, or to the layers, or nowhere."""
    assert list(translate(path, parse_mountinfo(DOCKER_OVERLAY), parse_mountinfo(HOST))) == expected


def test_vfs_root_is_a_folder_of_the_host():
    """A root that is a folder of a host file system (vfs driver) is found by its root field."""
    theirs = parse_mountinfo("5 4 254:0 /var/lib/docker/vfs/dir/ab / rw - ext4 /dev/vda rw\n")

    assert list(translate("/m/a.bin", theirs, parse_mountinfo(HOST))) == ["/var/lib/docker/vfs/dir/ab/m/a.bin"]


def test_layer_comes_before_the_merged_folder():
    """The host sees the merged overlay as well; the layer is told first, for it is there after the container."""
    host = parse_mountinfo(
        HOST + DOCKER_OVERLAY.split("\n")[0].replace("900 800", "70 27").replace(" / / ", " / /d/m ")
    )

    found = list(translate("/x.pt", parse_mountinfo(DOCKER_OVERLAY), host))

    assert found == ["/d/one/diff/x.pt", "/d/l/AA/x.pt", "/d/l/BB/x.pt", "/d/m/x.pt"]


def test_host_mount_hidden_under_another_is_not_taken():
    """A candidate that another mount covers on the host is not the same file, so it is not offered."""
    covered = parse_mountinfo(HOST + "50 40 0:99 / /data/llm rw - tmpfs tmpfs rw\n")

    assert list(translate("/models/a.gguf", parse_mountinfo(DOCKER_OVERLAY), covered)) == []


def test_later_mount_hides_earlier_ones_below_it():
    """A mount made over a folder hides the mounts that lay below it before."""
    table = parse_mountinfo(
        "1 0 8:1 / / rw - ext4 a rw\n2 1 8:2 / /srv/x rw - ext4 b rw\n3 1 8:3 / /srv rw - ext4 c rw\n"
    )

    mount = table.at("/srv/x/file")

    assert mount is not None
    assert mount.device == "8:3"


def test_stacked_mount_on_the_same_point_wins():
    """Of two mounts on one point the one on top is seen."""
    table = parse_mountinfo("1 0 8:1 / / rw - ext4 a rw\n2 1 8:2 / /m rw - ext4 b rw\n3 2 8:3 / /m rw - ext4 c rw\n")

    mount = table.at("/m/file")

    assert mount is not None
    assert mount.device == "8:3"


def test_relative_layers_are_tried_below_the_folders_they_may_be_of():
    """Runtimes mount with relative layer names after a chdir; each likely base is tried."""
    theirs = parse_mountinfo(
        "9 8 0:60 / / rw - overlay overlay rw,lowerdir=61/fs:60/fs,upperdir=/c/snapshots/62/fs,workdir=/c/w\n"
    )

    found = list(translate("/a.onnx", theirs, parse_mountinfo(HOST)))

    assert found[0] == "/c/snapshots/62/fs/a.onnx"
    assert "/c/snapshots/61/fs/a.onnx" in found
    assert "/c/snapshots/60/fs/a.onnx" in found


def test_new_mount_interface_names_each_layer_by_itself():
    """`lowerdir+=` of the new mount interface is read as well."""
    theirs = parse_mountinfo("9 8 0:60 / / rw - overlay overlay rw,lowerdir+=/l1,lowerdir+=/l2\n")

    assert list(translate("/a", theirs, parse_mountinfo(HOST))) == ["/l1/a", "/l2/a"]


def test_blanks_and_tabs_in_mount_points_are_undone():
    """mountinfo writes blanks as octal escapes; a real backslash is one, too."""
    table = parse_mountinfo("1 0 8:1 / / rw - ext4 a rw\n2 1 8:2 /x\\040y /m\\040n\\134 rw - ext4 b rw\n")

    mount = table.at("/m n\\/file")

    assert mount is not None
    assert mount.root == "/x y"
    assert unescape("plain") == "plain"


def test_remote_and_pseudo_kinds_are_known():
    """NFS is remote, ext4 is not; proc holds no files."""
    table = parse_mountinfo(HOST + "60 27 0:5 / /proc rw - proc proc rw\n")

    assert [table.at(p).remote for p in ("/mnt/nas/a", "/data/a")] == [True, False]  # type: ignore[union-attr]
    assert table.at("/proc/1").pseudo  # type: ignore[union-attr]


def test_loop_of_parents_ends():
    """Parents that point at each other do not hang us."""
    table = parse_mountinfo("1 2 8:1 / / rw - ext4 a rw\n2 1 8:2 / /m rw - ext4 b rw\n")

    assert table.at("/m/file") is None


@settings(max_examples=40)
@given(st.text(max_size=300), st.text(max_size=40))
def test_any_text_is_survived(text, path):
    """Whatever mountinfo says, nothing is raised."""
    table = parse_mountinfo(text + "\n" + HOST)

    assert isinstance(list(translate(f"/{path}", table, table)), list)


@pytest.mark.parametrize(
    ("kind", "options", "remote"),
    [
        ("fuse.anything", "rw,user_id=1000,group_id=1000,allow_other", True),
        ("fuse", "rw,user_id=7", True),
        ("fuse.mergerfs", "rw,user_id=0,group_id=0", False),
        ("fuse.portal", "rw,user_id=1000", False),
        ("fuseblk", "rw,user_id=0", False),
        ("ext4", "rw,user_id=1000", False),
        ("overlay", "lowerdir=/x,user_id=1000", False),
    ],
)
def test_a_file_system_of_an_ordinary_user_is_remote(kind: str, options: str, remote: bool) -> None:
    """Its answers come from a program of his, which may never give any: it is left alone unless asked for."""
    table = parse_mountinfo(f"1 0 0:1 / / rw - {kind} source {options}\n")

    assert table.mounts[0].remote is remote
