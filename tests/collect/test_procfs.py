"""Reading /proc, whatever it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguard_agent.collect import procfs
from aiguard_agent.core.facts import REDACTED, Container

ID = "4f1c2a" + "0" * 58
OTHER = "b" * 64
POD = "0b7f3a2c-1111-2222-3333-444455556666"
SLICE = f"pod{POD.replace('-', '_')}.slice"


def stat_line(comm: bytes = b"x", flags: int = 0, arguments_at: int = 9) -> bytes:
    head = [1, 1, 1, 0, -1, flags, *[0] * 10, 4, 0, 777, 0, 12]
    return b"5 (" + comm + b") S " + " ".join(map(str, [*head, *[0] * 23, arguments_at])).encode()


@pytest.mark.parametrize("comm", [b"a b", b") R 1 (", b"\x1b[31m\n", b"\xff\xfe", b""])
def test_the_name_may_hold_anything(comm: bytes) -> None:
    """Blanks, parentheses, escapes, newlines and bytes that are no text do not shift the fields."""
    stat = procfs.parse_stat(stat_line(comm))

    assert stat is not None
    assert (stat.comm.encode("utf-8", "surrogateescape"), stat.state, stat.start_ticks) == (comm, "S", 777)
    assert (stat.ppid, stat.threads, stat.pages, stat.kernel) == (1, 4, 12, False)


def test_a_kernel_thread_is_known_by_its_flag() -> None:
    """PF_KTHREAD marks it, so nothing else needs to be read."""
    stat = procfs.parse_stat(stat_line(flags=0x00208040))

    assert stat is not None
    assert stat.kernel


def test_exec_changes_the_stamp() -> None:
    """The same pid with its arguments elsewhere has run another program."""
    one, two = procfs.parse_stat(stat_line(arguments_at=9)), procfs.parse_stat(stat_line(arguments_at=10))

    assert one is not None
    assert two is not None
    assert one.stamp != two.stamp


@pytest.mark.parametrize("data", [b"", b"5 (x", b"5 (x) S 1 2", b"5 (x) S " + b"a " * 50, b") ("])
def test_a_cut_stat_is_none(data: bytes) -> None:
    """A truncated or malformed line gives nothing, never an error."""
    assert procfs.parse_stat(data) is None


@given(st.binary(max_size=300))
def test_no_bytes_break_a_parser(data: bytes) -> None:
    """Any bytes end in a value."""
    text = data.decode("utf-8", "surrogateescape")
    procfs.parse_stat(data)
    procfs.parse_argv(data)
    procfs.parse_environ(data)
    procfs.parse_cgroup(text)
    procfs.parse_users(text)
    procfs.parse_uid(text)
    procfs.parse_boot_time(text)
    assert procfs.parse_namespace(text) is None or text.startswith("net")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ()),
        (b"\0\0", ()),
        (b"a\0b c\0", ("a", "b c")),
        (b"--token\0\0", ("--token", "")),
        (b"ray::IDLE" + b"\0" * 40, ("ray::IDLE",)),
        (b"nginx: master", ("nginx: master",)),
        (b"\xff\0", ("\udcff",)),
    ],
)
def test_argv(data: bytes, expected: tuple[str, ...]) -> None:
    """Words are split at NULs; padding of an overwritten title is no argument, an empty argument is one."""
    assert procfs.parse_argv(data) == expected


def test_environ_keeps_only_what_is_allowed() -> None:
    """Other names never leave, secrets are replaced, users of URLs go."""
    data = b"HOME=/x\0SECRET_THING=s\0VLLM_API_KEY=k\0VLLM_PORT=8\0MLFLOW_TRACKING_URI=http://u:p@h/\0broken\0=x"

    assert procfs.parse_environ(data) == (
        ("HOME", "/x"),
        ("MLFLOW_TRACKING_URI", f"http://{REDACTED}@h/"),
        ("VLLM_API_KEY", REDACTED),
        ("VLLM_PORT", "8"),
    )


BURSTABLE = f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-{SLICE}"
KIND = f"/docker/{OTHER}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-{SLICE}"
MISMATCH = f"/system.slice/containerd.service/kubepods-besteffort-pod{POD}.slice"


@pytest.mark.parametrize(
    ("path", "runtime", "pod"),
    [
        (f"/docker/{ID}", "docker", ""),
        (f"/system.slice/docker-{ID}.scope", "docker", ""),
        (f"/machine.slice/libpod-{ID}.scope/container", "podman", ""),
        (f"/system.slice/ollama.service/libpod-payload-{ID}", "podman", ""),
        (f"{BURSTABLE}/cri-containerd-{ID}.scope", "containerd", POD),
        (f"/kubepods/burstable/pod{POD}/{ID}", "kubernetes", POD),
        (f"/kubepods.slice/kubepods-{SLICE}/crio-{ID}.scope", "cri-o", POD),
        (f"{MISMATCH}:cri-containerd:{ID}", "containerd", POD),
        (f"{KIND}/cri-containerd-{ID}.scope", "containerd", POD),
        (f"/../cri-containerd-{ID}.scope", "containerd", ""),
        (f"/{ID}", "", ""),
    ],
)
def test_container_of_every_path_style(path: str, runtime: str, pod: str) -> None:
    """Docker, containerd, CRI-O, Podman and Kubernetes paths give the innermost container."""
    assert procfs.container_of(path) == Container(id=ID, runtime=runtime, pod_uid=pod)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/user.slice/user-1000.slice",
        f"/machine.slice/libpod-conmon-{ID}.scope",
        f"/system.slice/crio-conmon-{ID}.scope",
        f"/docker/{ID[:63]}",
        f"/docker/{ID}0",
        f"/user.slice/mine-{ID}.scope",
        "/docker/" + "G" * 64,
    ],
)
def test_no_container(path: str) -> None:
    """Monitors, short ids and things that only look alike are no containers."""
    assert procfs.container_of(path) is None


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("/system.slice/ollama.service", "ollama.service"),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/llm.service", "user@1000.service/llm.service"),
        ("/user.slice/user-7.slice/user@7.service/user@0.service/ollama.service", "user@7.service/ollama.service"),
        ("/system.slice/bob.service/ollama.service", "bob.service"),
        (f"/docker/{ID}/system.slice/ollama.service", ""),
        (f"/system.slice/docker-{ID}.scope/ollama.service", ""),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/app.scope", ""),
        ("/system.slice/vllm@gpu0.service/sub", "vllm@gpu0.service"),
        (f"/system.slice/ollama.service/libpod-payload-{ID}", "ollama.service"),
        (f"/system.slice/containerd.service/x:cri-containerd:{ID}", ""),
        ("/system.slice/docker.service", "docker.service"),
        ("/a.service.d", ""),
    ],
)
def test_unit_of(path: str, unit: str) -> None:
    """The outermost service is the unit, a user's named with its manager; what a container calls so is none."""
    assert procfs.unit_of(path) == unit


def test_cgroup_of_a_hybrid_host() -> None:
    """The hierarchy that tells something wins over the bare root of the unified one."""
    found = procfs.parse_cgroup(f"5:memory:/docker/{ID}\n1:name=systemd:/system.slice/x.service\n0::/\n")

    assert (found.path, found.unit) == (f"/docker/{ID}", "x.service")
    assert found.container is not None
    assert found.container.id == ID


def test_users_of_a_recorded_host() -> None:
    """The first name of a uid wins; broken lines are passed over."""
    assert procfs.parse_users("root:x:0:0\nalso:x:0:0\n\nbad\nx:y:notanumber:\nal:x:1000:1\n") == {
        0: "root",
        1000: "al",
    }


def test_small_readers() -> None:
    """Uid, capabilities, boot time and namespace links are read, or their absence is."""
    assert procfs.parse_uid("Name:\tx\nUid:\t1\t2\t3\t4\n") == 2
    assert procfs.parse_capabilities("CapEff:\t0000000000080004\n") == 0x80004
    assert procfs.parse_capabilities("") == 0
    assert procfs.parse_boot_time("cpu 1\nbtime 1700000000\n") == 1700000000.0
    assert procfs.parse_namespace("net:[4026531840]") == 4026531840
    assert procfs.parse_namespace("net:4026531840") is None


def test_a_huge_command_line_keeps_both_ends() -> None:
    """128 KiB of arguments cost a sixteenth of that in memory, and neither program nor last flags are lost."""
    words = procfs.parse_argv(b"\0".join([b"vllm", *[b"aa"] * 43_000, b"--model", b"x.gguf"]) + b"\0")

    assert words[0] == "vllm" and words[-2:] == ("--model", "x.gguf") and procfs.CUT in words
    assert len(words) <= procfs.ARGV_CHARACTERS / 8


def test_a_long_argument_is_clipped_and_the_next_one_is_read() -> None:
    """A class path of many kilobytes does not push the class out of sight."""
    words = procfs.parse_argv(b"\0".join([b"java", b"-cp", b"a" * 90_000, b"org.Main"]) + b"\0")

    assert words == ("java", "-cp", "a" * procfs.ARGV_WORD, "org.Main")


def test_a_thousand_variables_of_an_allowed_prefix_are_not_all_kept() -> None:
    """A prefix that is allowed is no way to fill our memory; the listed names are kept all the same."""
    data = b"\0".join([*(b"VLLM_%d=x" % n for n in range(1000)), b"OLLAMA_HOST=0.0.0.0"])

    found = procfs.parse_environ(data)

    assert len(found) <= 65 and ("OLLAMA_HOST", "0.0.0.0") in found


def test_a_value_that_lost_its_flag_is_left_out() -> None:
    """Where a command line is cut, no secret stands without the flag that says it is one."""
    filler = b"\0".join([b"y" * 4000] * 8)
    data = b"x\0" + filler + b"\0--token\0hush" + b"\0" + b"z" * 4070 + b"\0"

    assert "hush" not in procfs.parse_argv(data) or "--token" in procfs.parse_argv(data)
