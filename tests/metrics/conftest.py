"""Let the tests of this folder import what stands beside them, and give them an endpoint."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
