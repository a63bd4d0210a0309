"""`explain` on a recorded host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


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
