"""`inventory` on a recorded host: from the first draft to a quiet scan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


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


def test_an_ambiguous_id_names_its_candidates(run: Any, gpu_07: Path, inventory: Path) -> None:
    """A beginning that several assets share approves none of them."""
    common = ("inventory", "approve", "--root", gpu_07, "--inventory", inventory, "--dry-run")

    both, lost = run(*common, ""), run(*common, "nobody")

    assert (both.code, "fits 5 assets" in both.err) == (2, True)
    assert (lost.code, "no asset 'nobody'" in lost.err) == (2, True)


def test_a_server_by_its_pid_and_a_model_by_its_path(run: Any, gpu_07: Path, inventory: Path) -> None:
    """What the scan prints of an asset is enough to approve it."""
    common = ("inventory", "approve", "--root", gpu_07, "--inventory", inventory, "--dry-run")

    assert "product: ollama" in run(*common, "4121").out
    assert "format: safetensors" in run(*common, "/home/bob/serve/model.safetensors").out


def test_a_waiver_that_has_ended_already_is_refused(run: Any, inventory: Path) -> None:
    """A day in the past is a slip."""
    before = inventory.read_text()
    found = run(
        "inventory", "waive", "runs-as-root", "x", "--until", "2020-01-31", "--reason", "r", "--inventory", inventory
    )

    assert (found.code, "has passed already" in found.err) == (2, True)
    assert inventory.read_text() == before


def test_diff_shows_all_three_ways(run: Any, gpu_07: Path, inventory: Path, llama_digest: str) -> None:
    """Not approved, not seen, not as approved: a line each, exit 1."""
    inventory.write_text(inventory.read_text() + "  - path: /gone/*.gguf\n")
    blob = gpu_07 / f"usr/share/ollama/.ollama/models/blobs/sha256-{llama_digest}"
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")

    found = run("inventory", "diff", "--root", gpu_07, "--inventory", inventory)

    assert found.code == 1
    assert {line[0] for line in found.out.splitlines()[:-1]} == {"+", "-", "~"}


def test_check_a_bad_file(run: Any, inventory: Path) -> None:
    """Exit 3 and every problem at once."""
    inventory.write_text("models:\n  - nam: x\nserverz: []\n")

    found = run("inventory", "check", inventory)

    assert found.code == 3
    assert {"nam", "serverz"} <= set(found.err.replace(":", " ").replace(".", " ").split())


def test_a_waiver_needs_a_rule_that_exists(run: Any, inventory: Path) -> None:
    """A typo in a waiver would silence nothing, and nobody would notice."""
    words = ("--until", "2999-01-01", "--reason", "lab", "--by", "ann", "--inventory", inventory)

    found = run("inventory", "waive", "no-such-rule", "x", *words)

    assert (found.code, "rules list" in found.err) == (2, True)


def test_editing_keeps_line_ends(run: Any, inventory: Path) -> None:
    """A file written on Windows keeps its line ends."""
    inventory.write_bytes(inventory.read_bytes().replace(b"\n", b"\r\n"))
    words = ("--until", "2999-01-01", "--reason", "lab", "--by", "ann", "--inventory", inventory)

    assert run("inventory", "waive", "runs-as-root", "x*", *words).code == 0

    assert inventory.read_bytes().count(b"\n") == inventory.read_bytes().count(b"\r\n")
