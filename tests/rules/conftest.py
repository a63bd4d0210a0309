"""Make `rule_samples` and `asset_samples` importable under importlib import mode."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "inventory")]
