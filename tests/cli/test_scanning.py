"""The arguments that scanning verbs share."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest

from aiguard_agent.cli.console import Progress
from aiguard_agent.cli.scanning import (
    add_scan_arguments,
    default_cache,
    default_inventories,
    inventory_path,
    options_from,
)
from aiguard_agent.errors import UsageError


def parsed(*arguments: str) -> Namespace:
    parser = ArgumentParser()
    add_scan_arguments(parser)
    options = parser.parse_args(arguments)
    options.verbose = False
    return options


def test_defaults_ask_and_walk_but_do_not_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without arguments: this host, its stores, GET questions, no cache file."""
    monkeypatch.setattr("aiguard_agent.cli.scanning.default_inventories", lambda: ())
    monkeypatch.delenv("AIGUARD_INVENTORY", raising=False)

    options = options_from(parsed(), Progress(quiet=True))

    assert (options.root, options.probe, options.stores, options.hash_all) == ("/", True, True, False)
    assert (options.digests, options.inventory, options.budget.allow_posts) == ("", "", False)


def test_each_argument_reaches_the_scan(tmp_path: Path) -> None:
    """No argument is parsed and forgotten."""
    (tmp_path / "i.yaml").write_text("version: 1\n")
    words = ["--no-probe", "--no-stores", "--remote", "--hash", "--cache", "/c", "--probe-seconds", "3", "--allow-post"]

    options = options_from(
        parsed(*words, "--path", str(tmp_path), "--inventory", str(tmp_path / "i.yaml"), "--signatures", str(tmp_path)),
        Progress(quiet=True),
    )

    assert not options.probe and not options.stores
    assert options.remote and options.hash_all and options.budget.allow_posts
    assert (options.digests, options.budget.total_seconds, options.signatures) == ("/c", 3.0, (str(tmp_path),))
    assert (options.paths, options.inventory) == ((str(tmp_path.resolve()),), str(tmp_path / "i.yaml"))


def test_paths_of_a_recorded_host_are_its_own(tmp_path: Path) -> None:
    """In a recorded host a path means a path in there, whether or not this machine has it."""
    options = options_from(parsed("--root", str(tmp_path), "--path", "models"), Progress(quiet=True))

    assert options.paths == ("/models",)


def test_the_environment_names_an_inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """$AIGUARD_INVENTORY is used, and must exist; an argument beats it."""
    mine, other = tmp_path / "mine.yaml", tmp_path / "other.yaml"
    other.write_text("")
    monkeypatch.setenv("AIGUARD_INVENTORY", str(mine))

    with pytest.raises(UsageError, match="no such file"):
        inventory_path(None)
    mine.write_text("")
    assert inventory_path(None) == str(mine)
    assert inventory_path(str(other)) == str(other)


def test_the_first_default_that_exists_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the default places the first that is there wins, and none is no error."""
    monkeypatch.delenv("AIGUARD_INVENTORY", raising=False)
    monkeypatch.setattr("aiguard_agent.cli.scanning.default_inventories", lambda: (tmp_path / "a", tmp_path / "b"))
    assert inventory_path(None) == ""

    (tmp_path / "b").write_text("")
    assert inventory_path(None) == str(tmp_path / "b")


def test_default_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """/etc comes first; the user's own places follow XDG."""
    monkeypatch.setenv("XDG_CONFIG_HOME", "/c")
    monkeypatch.setenv("XDG_CACHE_HOME", "/k")

    assert default_inventories() == (
        Path("/etc/aiguard-agent/inventory.yaml"),
        Path("/c/aiguard-agent/inventory.yaml"),
    )
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert default_cache() == "/k/aiguard-agent/digests.json"
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert default_cache() == "/var/cache/aiguard-agent/digests.json"


def test_an_inventory_found_by_itself_must_be_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What anybody may write approves nothing unless somebody names it; nor does the file of another user."""
    found = tmp_path / "inventory.yaml"
    found.write_text("version: 1\n")
    monkeypatch.delenv("AIGUARD_INVENTORY", raising=False)
    monkeypatch.setattr("aiguard_agent.cli.scanning.default_inventories", lambda: (found,))
    assert inventory_path(None) == str(found)

    found.chmod(0o666)
    with pytest.raises(UsageError, match="written by everybody"):
        inventory_path(None)
    assert inventory_path(str(found)) == str(found)

    found.chmod(0o600)
    monkeypatch.setattr("os.geteuid", lambda: found.stat().st_uid + 1)
    if found.stat().st_uid:
        with pytest.raises(UsageError, match="belongs to"):
            inventory_path(None)
