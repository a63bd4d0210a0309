"""`scan` on a recorded host: what it prints is held by an expected file and the published schema."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest


def test_text(
    run: Any, expect: Callable[[str, str], None], gpu_07: Path, inventory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person reads what is here, who approved it, what is wrong, what to do, what was not seen."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(inventory.parent)
    found = run("scan", "--root", gpu_07, "--inventory", inventory.name)

    assert found.code == 0
    expect("gpu-07.txt", found.out)


def test_json(run: Any, gpu_07: Path, inventory: Path, llama_digest: str) -> None:
    """A machine reads the same, by the published schema."""
    report = json.loads(run("scan", "--root", gpu_07, "--inventory", inventory, "--format", "json").out)
    schema = json.loads((resources.files("aiguard_agent.report") / "schema" / "scan-1.json").read_text())

    jsonschema.validate(report, schema)
    told = {s["product"]: (s["version"], s["auth"]["state"], s["approval"]["state"]) for s in report["servers"]}
    assert told == {
        "ollama": ("0.14.2", "none", "shadow"),
        "vllm": ("0.10.11", "partial", "approved"),
        "unknown-model-server": ("", "unknown", "shadow"),
    }
    ollama = next(s for s in report["servers"] if s["product"] == "ollama")
    assert ollama["models"][0]["path"].endswith(llama_digest)
    assert "shadow-server" in {f["id"] for f in report["findings"]}
    assert "sk-0123456789" not in json.dumps(report)


def test_ndjson_and_csv(run: Any, gpu_07: Path) -> None:
    """One record a line, one table with a kind column."""
    lines = [json.loads(line) for line in run("scan", "--root", gpu_07, "--format", "ndjson").out.splitlines()]
    rows = list(csv.DictReader(io.StringIO(run("scan", "--root", gpu_07, "--format", "csv").out)))

    assert [line["record"] for line in lines].count("server") == 3
    assert sum(row["kind"] == "server" for row in rows) == 3


def test_a_swapped_file_is_drift(run: Any, gpu_07: Path, inventory: Path, llama_digest: str) -> None:
    """The approved name with other bytes under it is the worst finding there is."""
    blob = gpu_07 / f"usr/share/ollama/.ollama/models/blobs/sha256-{llama_digest}"
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")

    report = json.loads(run("scan", "--root", gpu_07, "--inventory", inventory, "--format", "json").out)

    drift = next(f for f in report["findings"] if f["id"] == "model-drift")
    assert drift["severity"] == "critical"


def test_no_probe_asks_nothing(run: Any, gpu_07: Path) -> None:
    """Without asking, processes and packages still name both, and no grade is guessed from answers."""
    report = json.loads(run("scan", "--root", gpu_07, "--no-probe", "--format", "json").out)

    told = {s["product"]: (s["version"], s["auth"]["state"]) for s in report["servers"]}
    assert told["vllm"] == ("0.10.11", "required")
    assert told["ollama"][0] == ""
    assert report["summary"]["probed"] is False


def test_fail_on(run: Any, gpu_07: Path) -> None:
    """The exit code says whether a finding reached the limit."""
    assert run("scan", "--root", gpu_07, "--fail-on", "critical").code == 1
    assert run("scan", "--root", gpu_07, "--fail-on", "critical", "--no-probe", "-q").code == 0


def test_output_file(run: Any, gpu_07: Path, tmp_path: Path) -> None:
    """`--output` writes there and prints nothing."""
    found = run("scan", "--root", gpu_07, "--format", "json", "--output", tmp_path / "o.json")

    assert (found.code, found.out) == (0, "")
    assert json.loads((tmp_path / "o.json").read_text())["schema_version"] == "1.0"


@pytest.mark.parametrize("name", ["no/o.json", "."])
def test_a_bad_output_is_named_before_the_work(run: Any, tmp_path: Path, name: str) -> None:
    """Nobody waits for a scan whose result has no place to go."""
    found = run("scan", "--root", tmp_path, "--output", tmp_path / name)

    assert (found.code, found.out) == (2, "")
    assert found.err.startswith("aiguard-agent: --output ")


def test_verbose_on_either_side(run: Any, gpu_07: Path) -> None:
    """`-v` works before the verb and behind it."""
    assert "event=scan_done" in run("-v", "scan", "--root", gpu_07).err
    assert "event=scan_done" in run("scan", "-v", "--root", gpu_07).err
    assert run("scan", "--root", gpu_07).err == ""


def test_a_bad_inventory_is_named_before_anything_is_looked_at(run: Any, gpu_07: Path, inventory: Path) -> None:
    """Every problem with file and line, the nearest right key, exit 3."""
    inventory.write_text(inventory.read_text().replace("product:", "prodct:"))

    found = run("scan", "--root", gpu_07, "--inventory", inventory)

    assert found.code == 3
    assert "inventory.yaml:4" in found.err
    assert "did you mean `product`?" in found.err
