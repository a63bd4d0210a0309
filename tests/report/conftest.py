"""Expected files: `AIGUARD_REFRESH_EXPECTED=1 pytest tests/report` writes them anew; then read the diff."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "expected"

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def expect() -> Callable[[str, str], None]:
    """Compare a text with its expected file, or write that file when asked to."""

    def check(name: str, actual: str) -> None:
        path = FOLDER / name
        if os.environ.get("AIGUARD_REFRESH_EXPECTED"):
            path.write_text(actual, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == actual

    return check
