"""Exit codes: part of the interface, documented in README.md and in `--help`."""

from typing import Final

OK: Final = 0
"""Done, and no finding reached `--fail-on`."""
FINDINGS: Final = 1
"""Done, and a finding reached `--fail-on`; `inventory diff`: a difference; `status`, `doctor`: something is amiss."""
USAGE: Final = 2
"""The command line asks for something impossible."""
DOCUMENT: Final = 3
"""An inventory, signature or case document is not what its schema says; every problem is named."""
FAILED: Final = 4
"""The command could not do its work (nothing to read, a disk error)."""
INTERRUPTED: Final = 130
"""Ctrl-C."""

MEANING: Final = {
    OK: "done, no finding reached --fail-on",
    FINDINGS: "done, a finding reached --fail-on (inventory diff: a difference; status, doctor: something is amiss)",
    USAGE: "the command line asks for something impossible",
    DOCUMENT: "an inventory, signature or case document is wrong; every problem is named",
    FAILED: "the command could not do its work",
    INTERRUPTED: "interrupted",
}
