"""Rule world-writable-model."""

from dataclasses import replace

from asset_samples import MODEL
from rule_samples import findings, only

from aiguard_agent.core.finding import Severity
from aiguard_agent.policy.rules.world_writable_model import RULE


def test_file_and_directory_are_told_apart() -> None:
    """A writable file can be changed, in a writable directory it can be replaced."""
    file = only(RULE, replace(MODEL, world_writable=True))
    directory = only(RULE, replace(MODEL, directory_world_writable=True, path="/my models/a.gguf"))

    assert "can be changed by every account: its file" in file.title
    assert file.remedy == ("chmod o-w /models/llama.gguf",)
    assert "can be replaced by every account: its directory" in directory.title
    assert directory.remedy == ("chmod o-w '/my models'",)


def test_one_in_use_is_high() -> None:
    """A swap would be served at once."""
    assert only(RULE, replace(MODEL, world_writable=True)).severity is Severity.MEDIUM
    assert only(RULE, replace(MODEL, world_writable=True, held_by=(1,))).severity is Severity.HIGH


def test_ordinary_modes_are_silent() -> None:
    """A file that only its owner may write."""
    assert findings(RULE, MODEL) == ()
