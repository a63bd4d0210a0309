"""Walking the schema."""

from __future__ import annotations

import pytest

from aiguard_agent.config.keys import build, keys, sections, value_of
from aiguard_agent.config.schema import Config
from aiguard_agent.config.values import Secret, SecretFile
from aiguard_agent.core.finding import Severity


def test_sections_come_in_the_schemas_order() -> None:
    """Nested ones follow the one they are in."""
    names = list(sections())

    assert names[0] == "scan"
    assert names.index("watch.sources") == names.index("watch") + 1


def test_no_two_keys_share_a_variable() -> None:
    """`a.b_c` and `a_b.c` would be one variable; there are no such keys."""
    variables = [key.variable for key in keys().values()]

    assert len(set(variables)) == len(variables)
    assert keys()["watch.sources.tracefs"].variable == "AIGUARD_WATCH_SOURCES_TRACEFS"


def test_shapes_and_options_are_read_from_the_annotations() -> None:
    """One value, a list, a mapping; absent allowed or not."""
    found = {name: (key.shape, key.optional) for name, key in keys().items()}

    assert found["scan.paths"] == ("list", False)
    assert found["findings.remap"] == ("mapping", False)
    assert found["metrics.listen"] == ("one", True)
    assert found["log.level"] == ("one", False)


def test_what_is_built_has_what_was_given() -> None:
    """Values land where their names say; all else has its default."""
    config = build({"watch.sources.tracefs": "off", "probe.enabled": False})

    assert config.watch.sources.tracefs == "off"
    assert value_of(config, "probe.enabled") is False
    assert build({}) == Config()


@pytest.mark.parametrize(
    ("name", "value", "plain"),
    [
        ("metrics.listen", None, "off"),
        ("scan.paths", ("/a", "/b"), ["/a", "/b"]),
        ("findings.remap", (("x", Severity.LOW),), {"x": "low"}),
        ("metrics.bearer_token", Secret(file="/etc/x:y"), {"file": "/etc/x:y"}),
        ("metrics.tls_key", SecretFile(Secret(credential="key")), {"credential": "key"}),
        ("watch.reconcile_interval", 90.0, "1m30s"),
    ],
)
def test_values_are_shown_as_the_file_takes_them(name: str, value: object, plain: object) -> None:
    """Texts, lists and mappings: what may stand in YAML."""
    assert keys()[name].plain(value) == plain


def test_bounds_are_told_in_the_keys_own_unit() -> None:
    """A message says 50ms, not 0.05."""
    key = keys()["watch.listen_interval"]

    assert key.fault(0.05) == ""
    assert key.fault(60) == ""
    assert key.fault(0.049) == "49ms is out of bounds, at least 50ms, at most 1m"
    assert key.fault(60.001) == "1m1ms is out of bounds, at least 50ms, at most 1m"
    assert keys()["log.level"].bounds() == ""
