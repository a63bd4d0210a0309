"""Let the tests of this folder import what lies beside them, and the machines of tests/e2e."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]
