"""From a configuration to the settings of each room."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiguard_agent.config.load import parse
from aiguard_agent.config.schema import Config
from aiguard_agent.core.finding import Severity
from aiguard_agent.daemon.plan import group_id, ledger_limits, metrics_settings, plan_of, watch_settings
from aiguard_agent.errors import DocumentError, UsageError


def config_of(text: str = "{}\n") -> Config:
    return parse(text, rules=("runs-as-root",)).config


def test_every_wish_reaches_its_room() -> None:
    """What a file says of looking, asking and judging stands in the options of a look."""
    config = config_of(
        "scan: {paths: [/srv/m], stores: false, hash_limit: 2MiB, inventory: off}\n"
        "probe: {enabled: false, interval: 30s, request_timeout: 3s}\n"
        "findings: {min_severity: high, remap: {runs-as-root: low}}\n"
    )

    plan = plan_of(config, log=lambda *_: None, pace=lambda _: None, questions=lambda n: n, root="/r")

    options = plan.options
    assert (options.root, options.paths, options.stores, options.hash_limit) == ("/r", ("/srv/m",), False, 2 << 20)
    assert (options.probe, options.budget.request_seconds, plan.ask_again) == (False, 3.0, 30.0)
    assert (options.min_severity, options.remap) == (Severity.HIGH, (("runs-as-root", Severity.LOW),))
    assert (plan.inventory, options.inventory) == (None, "")


def test_a_bad_inventory_is_refused(tmp_path: Path) -> None:
    """The plan is made whole or not at all."""
    (tmp_path / "i.yaml").write_text("][")
    config = config_of(f"scan: {{inventory: {tmp_path / 'i.yaml'}}}\n")

    with pytest.raises(DocumentError):
        plan_of(config, log=lambda *_: None, pace=lambda _: None, questions=lambda n: n)


def test_how_to_watch() -> None:
    """A source is wished for, forbidden, or left to conditions; equal configurations give equal settings."""
    config = config_of("watch: {listen_interval: 500ms, sources: {tracefs: on, watchdog_files: off}}\n")

    settings = watch_settings(config, str.isupper, ("/m",))

    assert settings.wanted == {"tracefs": True, "watchdog_files": False}
    assert (settings.interval, settings.stores) == (0.5, ("/m",))
    assert settings == watch_settings(config, str.isupper, ("/m",)) != watch_settings(config, str.isupper, ())


def test_how_large_the_ledger_may_grow() -> None:
    """Caps and reserves are those of the file."""
    limits = ledger_limits(config_of("ledger: {size_cap: 32MiB, keep_free: 2MiB, keep_free_percent: 1%}\n"))

    assert (limits.max_bytes, limits.keep_free_bytes, limits.keep_free_share) == (32 << 20, 2 << 20, 0.01)


def test_where_metrics_are_served() -> None:
    """Loopback by default, a unix socket alone when asked, nowhere when switched off."""
    default = metrics_settings(config_of())
    unix = metrics_settings(config_of("metrics: {listen: off, unix_socket: /run/m.sock}\n"))

    assert default is not None and default.host == "127.0.0.1" and default.port > 0
    assert unix is not None and (unix.unix, unix.host) == ("/run/m.sock", "")
    assert metrics_settings(config_of("metrics: {listen: off}\n")) is None


def test_a_group_that_is_not_there() -> None:
    """The message says how to make it."""
    assert group_id("root") == 0
    with pytest.raises(UsageError, match="groupadd --system nobody-has-this"):
        group_id("nobody-has-this")
