"""Parsers for the text files of /proc/PID; pure: bytes or text in, values out, whatever the bytes are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from aiguard_agent.collect.redact import redact_env
from aiguard_agent.core.facts import Container

_KERNEL_THREAD = 0x00200000
"""PF_KTHREAD in the flags of stat (include/linux/sched.h)."""

ENVIRONMENT_NAMES = frozenset(
    [
        *("OLLAMA_HOST", "OLLAMA_MODELS", "OLLAMA_ORIGINS", "OLLAMA_API_KEY"),
        *("HF_HOME", "HF_HUB_CACHE", "HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE", "HUGGINGFACE_HUB_CACHE"),
        *(
            "HUGGING_FACE_HUB_TOKEN",
            "TRANSFORMERS_CACHE",
            "SENTENCE_TRANSFORMERS_HOME",
            "TORCH_HOME",
            "TFHUB_CACHE_DIR",
        ),
        *(
            "XDG_CACHE_HOME",
            "XDG_DATA_HOME",
            "HOME",
            "MODEL_ID",
            "MODEL_PATH",
            "MODEL_NAME",
            "MODEL_DIR",
            "MODELS_PATH",
        ),
        *("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"),
        *("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "NODE_PATH", "LD_PRELOAD"),
        *("MLFLOW_TRACKING_URI", "MLFLOW_AUTH_CONFIG_PATH", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_ADDRESS"),
        *("JUPYTER_TOKEN", "JUPYTER_PASSWORD", "LITELLM_MASTER_KEY", "LLAMA_API_KEY", "LLAMA_ARG_MODEL"),
        *("LLAMA_ARG_HOST", "LLAMA_ARG_PORT", "LLAMA_CACHE", "API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"),
        *("OPENAI_API_BASE", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "GEMINI_API_KEY", "GOOGLE_API_KEY"),
        *("WEBUI_AUTH", "WEBUI_SECRET_KEY", "OLLAMA_BASE_URL", "GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT"),
        *(
            "STREAMLIT_SERVER_ADDRESS",
            "STREAMLIT_SERVER_PORT",
            "QDRANT__SERVICE__API_KEY",
            "CHROMA_SERVER_AUTHN_PROVIDER",
        ),
        *("N8N_USER_MANAGEMENT_DISABLED", "N8N_BASIC_AUTH_ACTIVE", "FLOWISE_USERNAME", "FLOWISE_PASSWORD"),
        *("LANGFLOW_AUTO_LOGIN", "LOCALAI_API_KEY", "MODELS", "TS_CONFIG_FILE", "TORCHSERVE_DISABLE_TOKEN_AUTH"),
        *("KERAS_HOME", "INVOKEAI_ROOT", "LOCALAI_MODELS_PATH", "MODELSCOPE_CACHE", "XINFERENCE_HOME"),
        *("NIM_CACHE_PATH", "MODEL_STORE", "MODEL_BASE_PATH", "MLSERVER_MODELS_DIR"),
    ]
)
"""The only environment names that are ever kept, with the `VLLM_` ones; secret values are replaced on the way."""
ENVIRONMENT_PREFIXES = ("VLLM_", "SGLANG_", "TS_DISABLE_")
_LONGEST_VALUE = 4096
_MOST_VARIABLES = 64

ARGV_WORD = 4096
"""Characters kept of one argument."""
ARGV_CHARACTERS = 16 * 1024
"""Characters kept of one command line; of a longer one its beginning and its last quarter of this."""
CUT = "…"
"""Stands in a command line for the arguments that were left out."""


class Stat(NamedTuple):
    """What /proc/PID/stat says. A tuple, because thousands are made in one pass."""

    comm: str
    state: str
    ppid: int
    threads: int
    start_ticks: int
    pages: int
    """Resident pages."""
    size: int
    """Bytes of address space: every mapping made or dropped changes it."""
    kernel: bool
    """True for a kernel thread."""
    arguments_at: int
    """Address of the arguments: every exec draws another one. 0 when the process is not ours to trace."""

    @property
    def stamp(self) -> tuple[int, ...]:
        """What changes when another program runs under this pid."""
        return self.start_ticks, self.arguments_at, hash(self.comm)


def parse_stat(data: bytes) -> Stat | None:
    """Read one stat line; None when it is cut or not one. A name may hold blanks, newlines and parentheses."""
    left, right = data.find(b"("), data.rfind(b")")
    fields = data[right + 1 :].split(None, 46)
    if not 0 < left < right or len(fields) < 22:
        return None
    try:
        return Stat(
            data[left + 1 : right].decode("utf-8", "surrogateescape"),
            chr(fields[0][0]),
            int(fields[1]),
            int(fields[17]),
            int(fields[19]),
            int(fields[21]),
            int(fields[20]),
            int(fields[6]) & _KERNEL_THREAD != 0,
            int(fields[45]) if len(fields) > 45 else 0,
        )
    except ValueError:
        return None


def parse_argv(data: bytes) -> tuple[str, ...]:
    """Split a command line at its NULs. One that was overwritten by setproctitle is a single word with padding."""
    bare = data.rstrip(b"\0")
    if not bare:
        return ()
    padding = len(data) - len(bare)
    words = _bounded(bare.decode("utf-8", "surrogateescape").split("\0"))
    # Up to three NULs at the end are an ending and empty arguments (`--token ""` must stay visibly empty).
    return tuple(words + [""] * (padding - 1 if 1 < padding <= 3 else 0))


def _bounded(words: list[str]) -> list[str]:
    """Keep both ends of a long command line: a thousand processes with 128 KiB each must not fill our memory."""
    clipped = [word if len(word) <= ARGV_WORD else word[:ARGV_WORD] for word in words]
    if sum(map(len, clipped)) + 8 * len(clipped) <= ARGV_CHARACTERS:
        return clipped
    tail = _first(reversed(clipped), ARGV_CHARACTERS // 4)[::-1]
    # Its first word may be the value of a flag that was left out, and a secret.
    tail = tail if tail[:1] and tail[0].startswith("--") else tail[1:]
    head = _first(clipped, ARGV_CHARACTERS - ARGV_CHARACTERS // 4)
    return [*head, CUT, *tail] if len(head) + len(tail) < len(clipped) else clipped


def _first(words: Iterable[str], room: int) -> list[str]:
    """Return the first words that fit; each costs eight more than its letters, as an object does."""
    found = []
    for word in words:
        room -= len(word) + 8
        if room < 0:
            break
        found.append(word)
    return found


def parse_environ(data: bytes) -> tuple[tuple[str, str], ...]:
    """Return the allow-listed variables, secrets replaced, sorted; the last of equal names wins."""
    kept: dict[str, str] = {}
    for entry in data.split(b"\0"):
        raw, equals, value = entry.partition(b"=")
        name = raw.decode("utf-8", "surrogateescape")
        more = name.startswith(ENVIRONMENT_PREFIXES) and (name in kept or len(kept) < _MOST_VARIABLES)
        if equals and (more or name in ENVIRONMENT_NAMES):
            kept[name] = redact_env(name, value[:_LONGEST_VALUE].decode("utf-8", "surrogateescape"))
    return tuple(sorted(kept.items()))


def parse_uid(status: str) -> int | None:
    """Return the effective uid of /proc/PID/status, or None."""
    found = re.search(r"^Uid:\t\d+\t(\d+)", status, re.MULTILINE)
    return int(found[1]) if found else None


def parse_capabilities(status: str) -> int:
    """Return the effective capability bits of /proc/PID/status; 0 when absent."""
    found = re.search(r"^CapEff:\t([0-9a-fA-F]{1,16})$", status, re.MULTILINE)
    return int(found[1], 16) if found else 0


def parse_boot_time(stat: str) -> float:
    """Return when the host booted, in seconds since the epoch, from /proc/stat; 0 when absent."""
    found = re.search(r"^btime (\d{1,12})$", stat, re.MULTILINE)
    return float(found[1]) if found else 0.0


@lru_cache(maxsize=1024)
def parse_namespace(link: str) -> int | None:
    """Return N of a namespace link like `net:[N]`, or None."""
    found = re.fullmatch(r"[a-z_]+:\[(\d{1,20})\]", link)
    return int(found[1]) if found else None


def parse_users(passwd: str) -> dict[int, str]:
    """Return names by uid from /etc/passwd; the first of equal uids wins, as getpwuid has it."""
    users: dict[int, str] = {}
    for line in passwd.splitlines():
        name, *rest = line.split(":")
        if name and len(rest) >= 2 and rest[1].isascii() and rest[1].isdecimal() and len(rest[1]) < 11:
            users.setdefault(int(rest[1]), name)
    return users


_CONTAINER = re.compile(
    r"(?:(?P<scope>docker|cri-containerd|containerd|nerdctl|crio|libpod(?:-payload)?)-"
    r"|(?:.*:)(?P<pair>cri-containerd|containerd|crio|docker):)?"
    r"(?P<id>[0-9a-f]{64})(?:\.scope)?"
)
_RUNTIMES = {
    "docker": "docker",
    "cri-containerd": "containerd",
    "containerd": "containerd",
    "nerdctl": "containerd",
    "crio": "cri-o",
    "libpod": "podman",
    "libpod-payload": "podman",
}
_POD = re.compile(
    r"pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32})(?![0-9a-f])"
)
_UNIT = re.compile(r"[^/]+\.service")
_MANAGER = re.compile(r"user@\d{1,10}\.service")
_USER_SLICE = re.compile(r"/user\.slice/user-(\d{1,10})\.slice/")
_RUNTIME_UNITS = frozenset(
    f"{name}.service"
    for name in ("docker", "containerd", "crio", "podman", "kubelet", "k3s", "k3s-agent", "rke2-server")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cgroup:
    """What the control-group paths of a process say about where it belongs."""

    path: str = ""
    unit: str = ""
    container: Container | None = None


@lru_cache(maxsize=1024)
def cgroup_of(data: bytes) -> Cgroup:
    """Read /proc/PID/cgroup; kept, because thousands of processes share a few of them."""
    return parse_cgroup(data.decode("utf-8", "surrogateescape"))


def parse_cgroup(text: str) -> Cgroup:
    """Read /proc/PID/cgroup, v1, v2 or both: innermost container, systemd unit, most telling path."""
    paths = sorted(set(_paths(text)), key=lambda found: found[0])
    best = Cgroup(path=paths[0][1] if paths else "")
    for _rank, path in paths:
        container, unit = container_of(path), unit_of(path)
        if container and not best.container:
            best = Cgroup(path=path, unit=unit or best.unit, container=container)
        elif unit and not best.unit:
            best = Cgroup(path=best.path if best.container else path, unit=unit, container=best.container)
    return best


def _paths(text: str) -> Iterator[tuple[int, str]]:
    """Yield (rank, path): the unified hierarchy first, then systemd's, then the rest; the bare root last."""
    for line in text.splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3:
            rank = 0 if parts[0] == "0" and not parts[1] else 1 if parts[1] == "name=systemd" else 2
            yield (rank if parts[2].strip("/") else 3), parts[2]


def container_of(path: str) -> Container | None:
    """Return the innermost container that a control-group path names, or None.

    Knows the path styles of Docker, containerd, CRI-O, Podman and Kubernetes, with cgroupfs and with systemd as
    their manager. `name`, `image` and the rest are for the runtime's own records to tell.
    """
    parts = path.split("/")
    for index in range(len(parts) - 1, -1, -1):
        found = _CONTAINER.fullmatch(parts[index])
        if found:
            pods = _POD.findall("/".join(parts[: index + 1]))
            runtime = _RUNTIMES.get(found["scope"] or found["pair"] or "", "")
            if not runtime and index and parts[index - 1] == "docker":
                runtime = "docker"
            uid = pods[-1].replace("_", "-") if pods else ""
            return Container(id=found["id"], runtime=runtime or ("kubernetes" if pods else ""), pod_uid=uid)
    return None


def unit_of(path: str) -> str:
    """Return the systemd service of a control-group path, one of a user's own manager with that manager before it.

    The outermost counts: whoever may make groups below his own can call one `ollama.service`. For the same reason a
    unit of a user's manager is told as `user@1000.service/llm.service`, and what lies inside a container is none.
    """
    parts = path.split("/")
    boxed = next((index for index, part in enumerate(parts) if _CONTAINER.fullmatch(part)), None)
    manager = ""
    for part in parts[:boxed]:
        if _MANAGER.fullmatch(part):
            manager = manager or f"{part}/"
        elif _UNIT.fullmatch(part) and not (boxed is not None and part in _RUNTIME_UNITS):
            return manager + part
    return ""


def owner_of(path: str) -> int | None:
    """Return the user in whose part of the tree a control group lies, None for those of the system and of root.

    Whoever it is named what lies below.
    """
    found = _USER_SLICE.match(path)
    return int(found[1]) if found and int(found[1]) else None
