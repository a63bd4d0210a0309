"""What a bed is: one real server, how it starts on loopback, and what a scan must say about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

QUIET: Mapping[str, str] = {
    "ANONYMIZED_TELEMETRY": "False",
    "CUDA_VISIBLE_DEVICES": "",
    "DO_NOT_TRACK": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_TELEMETRY": "False",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "OMP_NUM_THREADS": "1",
    "PYTHONUNBUFFERED": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    "TOKENIZERS_PARALLELISM": "false",
}
"""Telemetry off and hubs offline, for every bed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one bed runs: a folder of its own, its ports and its environment."""

    folder: Path
    venv: Path
    ports: tuple[int, ...]

    @property
    def port(self) -> int:
        """The port the server is asked on."""
        return self.ports[0]

    @property
    def python(self) -> str:
        """The interpreter of the bed's own environment."""
        return str(self.venv / "bin" / "python")

    def script(self, name: str) -> str:
        """Name a console script of the bed's own environment."""
        return str(self.venv / "bin" / name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What a scan must say about one server of the bed."""

    product: str
    distributions: tuple[str, ...] = ()
    """Packages of the bed's environment whose installed version is a right answer."""
    auth: frozenset[str] = frozenset()
    """Auth states that are right; empty = the bed says nothing about it."""
    model: str = ""
    """Path of the model file in the bed's folder, where the kernel shows it."""
    listens: bool = True
    scope: str = "loopback"
    port: int = 0
    """Where it answers; 0 = the bed's first port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """One real server and the truth about it; no truth = an ordinary program."""

    name: str
    command: Callable[[Place], list[str]]
    requires: tuple[str, ...] = ()
    """Pinned requirements of its environment; empty = needs none."""
    npm: tuple[str, ...] = ()
    """Pinned npm packages, for a server that is not Python."""
    venv: str = ""
    """Name of the environment, for beds that share one."""
    programs: tuple[str, ...] = ()
    """System programs without which the bed is skipped."""
    env: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Place], None] | None = None
    """Write models and settings into the folder before the start."""
    ready_path: str = ""
    """Path that answers below `ready_below` once the server is up; empty = see the next fields, or up at once."""
    ready_below: int = 500
    ready_text: str = ""
    """What the answer must contain; empty = anything."""
    ready_connect: bool = False
    """It is up once its port accepts a connection."""
    ready_file: str = ""
    """It is up once this file of its folder exists."""
    after_ready: Callable[[Place], None] | None = None
    """What makes the server load its model, done in its network namespace."""
    ports: int = 1
    fixed_ports: tuple[int, ...] = ()
    """The server's usual ports, for a bed in a network namespace of its own."""
    netns: bool = False
    """Run it in a network namespace of its own (needs root)."""
    tls: bool = False
    """It speaks HTTPS, with a certificate that nobody vouches for."""
    stdin: bool = False
    """Give it a standard input that stays open and silent."""
    pty: bool = False
    """Give it a terminal."""
    patience: float = 120.0
    """Seconds until it must be ready."""
    silent: bool = False
    """Its process says nothing (`python app.py`): without a question it may stay unnamed, never be misnamed."""
    truths: tuple[Truth, ...] = ()
