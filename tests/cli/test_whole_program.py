"""The real program on a recorded host: what it prints is held by expected files."""

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


@pytest.fixture
def inventory(tmp_path: Path, llama_digest: str) -> Path:
    path = tmp_path / "inventory.yaml"
    path.write_text(INVENTORY.format(digest=llama_digest))
    return path


def test_text(run: Any, expect: Callable[[str, str], None], gpu_07: Path, inventory: Path) -> None:
    """A person reads what is here, who approved it, what is wrong, what to do, what was not seen."""
    found = run("scan", "--root", gpu_07, "--inventory", inventory)

    assert found.code == 0
    expect("gpu-07.txt", found.out.replace(str(inventory), "inventory.yaml"))


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


@pytest.mark.parametrize("subject", ["4121", "ollama", "shadow-server"])
def test_explain(run: Any, gpu_07: Path, inventory: Path, subject: str) -> None:
    """A pid, a product, a rule: each shows the evidence chain."""
    found = run("explain", "--root", gpu_07, "--inventory", inventory, subject)

    assert found.code == 0
    assert "GET /api/tags 200" in found.out
    assert "/proc/4121/exe" in found.out


def test_explain_a_model_and_nothing(run: Any, gpu_07: Path, llama_digest: str) -> None:
    """A path shows the file; a word that means nothing is a usage error that says so."""
    blob = f"/usr/share/ollama/.ollama/models/blobs/sha256-{llama_digest}"
    assert "Llama 3.1 8B" in run("explain", "--root", gpu_07, blob).out

    lost = run("explain", "--root", gpu_07, "gremlin")
    assert lost.code == 2
    assert "nothing known of 'gremlin'" in lost.err


def test_inventory_round(run: Any, gpu_07: Path, tmp_path: Path) -> None:
    """init, check, diff, and a scan with it: nothing is shadow any more."""
    path = tmp_path / "made.yaml"
    assert run("inventory", "init", "--root", gpu_07, "--output", path, "--by", "ann").code == 0
    assert "good" in run("inventory", "check", path).out
    assert run("inventory", "diff", "--root", gpu_07, "--inventory", path).code == 0

    report = json.loads(run("scan", "--root", gpu_07, "--inventory", path, "--format", "json").out)
    assert {s["approval"]["state"] for s in report["servers"]} == {"approved"}
    assert not {f["id"] for f in report["findings"]} & {"shadow-server", "shadow-model", "no-inventory"}
    assert run("inventory", "init", "--root", gpu_07, "--output", path).code == 2


def test_approve_keeps_the_file(run: Any, gpu_07: Path, inventory: Path) -> None:
    """One asset more, every other byte as it was; a dry run writes nothing."""
    before = inventory.read_text()
    assert (
        run("inventory", "approve", "--root", gpu_07, "--inventory", inventory, "ollama@gpu-07", "--dry-run").code == 0
    )
    assert inventory.read_text() == before

    found = run("inventory", "approve", "--root", gpu_07, "--inventory", inventory, "ollama@gpu-07", "--by", "ann")

    assert found.code == 0
    after = inventory.read_text()
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []
    assert run("inventory", "diff", "--root", gpu_07, "--inventory", inventory).out.count("ollama") == 0


def test_waive(run: Any, gpu_07: Path, inventory: Path) -> None:
    """A waived finding stays in the report, and no longer fails the run."""
    words = ("--until", "2999-01-01", "--reason", "lab", "--by", "ann", "--inventory", inventory)
    assert run("inventory", "waive", "exposed-no-auth", "ollama@gpu-07*", *words).code == 0

    report = json.loads(run("scan", "--root", gpu_07, "--inventory", inventory, "--format", "json").out)
    states = {(f["id"], f["subject"].partition("@")[0]): f["state"] for f in report["findings"]}
    assert states["exposed-no-auth", "ollama"] == "waived"
    assert states["shadow-server", "ollama"] == "open"


def test_a_bad_inventory_is_named_before_anything_is_looked_at(run: Any, gpu_07: Path, inventory: Path) -> None:
    """Every problem with file and line, the nearest right key, exit 3."""
    inventory.write_text(inventory.read_text().replace("product:", "prodct:"))

    found = run("scan", "--root", gpu_07, "--inventory", inventory)

    assert found.code == 3
    assert "inventory.yaml:4" in found.err
    assert "did you mean `product`?" in found.err
