"""Run the real program in this process, on recorded hosts."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from aiguard_agent.cli.main import main
from recorded_host import RecordedHost, gguf, safetensors

INVENTORY = """\
# ours
version: 1
servers:
  - product: vllm   # the approved one
    version: ">=0.10"
    bind: loopback
models:
  - name: Llama 3.1 8B
    sha256: {digest}
"""

LLAMA = gguf("Llama 3.1 8B")
LLAMA_DIGEST = hashlib.sha256(LLAMA).hexdigest()
EXPECTED = Path(__file__).parent / "expected"


class Run(NamedTuple):
    """What one run of the program left."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Run]:
    """Run `aiguard-agent` with these arguments; no inventory, cache or home of the machine is in reach."""
    for name in ("AIGUARD_INVENTORY", "NO_COLOR", "SUDO_USER", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("aiguard_agent.cli.scanning.default_inventories", lambda: ())

    def run(*arguments: object) -> Run:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as leave:
            code = int(leave.code or 0)
        captured = capfdbinary.readouterr()
        return Run(code, captured.out.decode(), captured.err.decode())

    return run


@pytest.fixture
def expect() -> Callable[[str, str], None]:
    """Compare with an expected file, times scrubbed; AIGUARD_REFRESH_EXPECTED=1 writes it anew."""

    def check(name: str, actual: str) -> None:
        actual = re.sub(r"\b\d+\.\d s\b", "0.0 s", actual)
        actual = re.sub(r'"(duration_ms|taken_at)": [^,\n]+', r'"\1": "…"', actual)
        path = EXPECTED / name
        if os.environ.get("AIGUARD_REFRESH_EXPECTED"):
            path.write_text(actual, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == actual

    return check


@pytest.fixture
def llama_digest() -> str:
    """SHA-256 of the model file that the recorded Ollama holds."""
    return LLAMA_DIGEST


@pytest.fixture
def gpu_07(tmp_path: Path) -> Path:
    """An open Ollama, a vLLM behind a key, an unknown server; beside them what must not be named."""
    host = RecordedHost(tmp_path / "gpu-07")
    blob = f"/usr/share/ollama/.ollama/models/blobs/sha256-{LLAMA_DIGEST}"
    weights = "/home/bob/serve/model.safetensors"
    host.write(blob, LLAMA)
    host.write(weights, safetensors())
    host.process(1, ["/sbin/init"])
    unit = "0::/system.slice/ollama.service\n"
    host.process(
        4121, ["/usr/local/bin/ollama", "serve"], uid=1001, cgroup=unit, listen=["0.0.0.0:11434"], mapped=[blob]
    )
    host.answer(4121, 11434, "/", body="Ollama is running")
    host.answer(4121, 11434, "/api/version", body={"version": "0.14.2"})
    model = {"name": "llama3.1:8b", "digest": f"sha256:{LLAMA_DIGEST}", "details": {}}
    host.answer(4121, 11434, "/api/tags", body={"models": [model]})
    vllm = [
        "/opt/v/bin/python",
        "/opt/v/bin/vllm",
        "serve",
        "org/mistral",
        "--api-key",
        "sk-0123456789abcdef0123456789",
    ]
    host.process(4300, vllm, exe="/usr/bin/python3.11", comm="vllm", listen=["127.0.0.1:8000"])
    host.write("/opt/v/pyvenv.cfg", "home = /usr/bin\n")
    host.write("/opt/v/lib/python3.11/site-packages/vllm-0.10.11.dist-info/METADATA", "Name: vllm\n")
    host.answer(4300, 8000, "/version", body={"version": "0.10.11"})
    host.answer(4300, 8000, "/v1/models", status=401, body={"error": "Unauthorized"})
    host.answer(4300, 8000, "/metrics", body="# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running 0\n")
    torch = "/opt/t/lib/python3.11/site-packages/torch/lib/libtorch_cpu.so"
    host.write(torch, b"not read")
    host.process(
        4400,
        ["python3", "serve.py"],
        exe="/usr/bin/python3.11",
        uid=1001,
        listen=["127.0.0.1:9000"],
        mapped=[torch, weights],
    )
    host.process(4500, ["grep", "-r", "vllm serve", "."], exe="/usr/bin/grep")
    host.process(4501, ["vim", "ollama.py"], exe="/usr/bin/vim.basic")
    host.process(4502, ["nginx: master process nginx"], exe="/usr/sbin/nginx", comm="nginx", listen=["0.0.0.0:80"])
    return host.finish()


@pytest.fixture
def inventory(tmp_path: Path, llama_digest: str) -> Path:
    path = tmp_path / "inventory.yaml"
    path.write_text(INVENTORY.format(digest=llama_digest))
    return path
