"""Rule model-from-temp."""

from dataclasses import replace

import pytest
from asset_samples import MODEL
from rule_samples import findings, only

from aiguard_agent.core.finding import Severity
from aiguard_agent.policy.rules.model_from_temp import RULE


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/tmp/a/x.gguf", "temporary"),
        ("/var/tmp/x.gguf", "temporary"),
        ("/dev/shm/x.gguf", "temporary"),
        ("/var/lib/docker/overlay2/abc/merged/tmp/x.gguf", "temporary"),
        ("/home/bob/Downloads/x.gguf", "download"),
        ("/root/Downloads/sub/x\n.gguf", "download"),
    ],
)
def test_places_that_nobody_chose_are_found(path: str, kind: str) -> None:
    """Of the host and of containers; medium when in use."""
    found = only(RULE, replace(MODEL, path=path))

    assert found.severity is Severity.LOW
    assert found.title.endswith(f"lies in a {kind} directory")
    assert only(RULE, replace(MODEL, path=path, held_by=(1,))).severity is Severity.MEDIUM


@pytest.mark.parametrize(
    "path",
    [
        "/models/tmp/x.gguf",
        "/srv/dev/shm/x",
        "/tmpfs/x.gguf",
        "/home/bob/tmp/x",
        "/srv/Downloads/x",
        "/home/Downloads/x",
    ],
)
def test_places_that_only_sound_so_are_silent(path: str) -> None:
    """A folder of that name somewhere else is somebody's choice."""
    assert findings(RULE, replace(MODEL, path=path)) == ()
