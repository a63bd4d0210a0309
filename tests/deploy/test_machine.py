"""The package in a booted Debian: installed, reloaded, killed, hung, upgraded, removed, purged."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import debian
import pytest
from ground import find_program, yard
from machines import wait_for
from package import PLACES, STATE, Machine, build, machine

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.timeout(600)]

CAPABILITIES = 1 << 2 | 1 << 12 | 1 << 19 | 1 << 21
"""DAC_READ_SEARCH, NET_ADMIN, SYS_PTRACE, SYS_ADMIN."""
QUICK = "[Service]\nWatchdogSec=5\nTimeoutAbortSec=2\n"
DROP_IN = "/etc/aiguard-agent/config.d/50-test.yaml"


@dataclass(slots=True, kw_only=True)
class Life:
    """What was seen of the agent, step by step."""

    status: dict[str, Any] = field(default_factory=dict)
    process: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    pids: dict[str, int] = field(default_factory=dict)
    findings: dict[str, dict[str, tuple[float, str]]] = field(default_factory=dict)
    generations: dict[str, int] = field(default_factory=dict)
    left: dict[str, list[str]] = field(default_factory=dict)
    restarts: dict[str, str] = field(default_factory=dict)
    journal: str = ""


def why_not() -> str:
    """Say why there can be no machine here; empty when there can."""
    absent = [name for name in ("systemd-nspawn", "dpkg-deb", "nsenter") if find_program(name) is None]
    if absent:
        return f"needs the programs {', '.join(absent)}"
    return debian.missing() or ("" if debian.is_there() else "run: python tests/e2e/install.py debian")


def start(host: Machine, life: Life) -> None:
    """Look at a fresh install."""
    life.pids["installed"] = host.until_up()
    life.process = host.process(life.pids["installed"])
    life.words = {
        name: host.shows(name) for name in ("Type", "User", "StatusText", "UnitFileState", "NRestarts", "WatchdogUSec")
    }
    life.words["verify"] = host.run("systemd-analyze", "verify", "--man=no", "aiguard-agent.service")
    life.words["security"] = host.run("systemd-analyze", "security", "--no-pager", "aiguard-agent.service")
    wait_for("the model server in the status", lambda: host.status()["servers"] > 0)
    life.status = host.status()
    life.findings["installed"] = host.findings()


def reload(host: Machine, life: Life) -> None:
    """Change the configuration, first well, then badly."""
    host.write(DROP_IN, "log: {level: debug}\n")
    host.run("systemctl", "reload", "aiguard-agent")
    wait_for("the new configuration", lambda: host.status()["generation"] > 1)
    life.generations["good"] = host.status()["generation"]
    host.write(DROP_IN, "log: {level: shouting}\n")
    host.run("systemctl", "reload", "aiguard-agent")
    wait_for("the refusal", lambda: bool(host.status()["config"]["problems"]))
    life.generations["bad"] = host.status()["generation"]
    life.pids["reloaded"] = host.main()
    host.write(DROP_IN, "log: {level: info}\n")
    host.run("systemctl", "reload", "aiguard-agent")
    wait_for("the mended configuration", lambda: not host.status()["config"]["problems"])


def fall(host: Machine, life: Life) -> None:
    """Kill it, then make it hang."""
    host.send("KILL")
    life.pids["killed"] = host.until_up(but=life.pids["reloaded"])
    life.restarts["killed"] = host.shows("NRestarts")
    life.findings["killed"] = host.findings()
    host.write("/run/systemd/system/aiguard-agent.service.d/quick.conf", QUICK)
    host.run("systemctl", "daemon-reload")
    host.run("systemctl", "restart", "aiguard-agent")
    before = host.until_up(but=life.pids["killed"])
    host.send("STOP")
    life.pids["hung"] = host.until_up(but=before)
    life.words["watchdog"] = host.shows("WatchdogUSec")
    life.restarts["hung"] = host.shows("NRestarts")
    life.status["after the hang"] = host.status()["sources"]
    host.run("rm", "-r", "/run/systemd/system/aiguard-agent.service.d")
    host.run("systemctl", "daemon-reload")


@pytest.fixture(scope="module")
def life() -> Iterator[Life]:
    if why := why_not():
        pytest.skip(why)
    seen = Life()
    with yard() as folder:
        old, new = build(folder, "0.1.0~before", "3.11"), build(folder, "0.1.0")
        with machine(folder / "machine") as host:
            host.install(old)
            start(host, seen)
            reload(host, seen)
            fall(host, seen)

            host.install(new)
            seen.pids["upgraded"] = host.until_up(but=seen.pids["hung"])
            seen.findings["upgraded"] = host.findings()
            seen.words["drop-in"] = host.run("cat", DROP_IN)
            seen.words["version"] = host.run("dpkg-query", "--show", "--showformat", "${Version}", "aiguard-agent")

            host.run("dpkg", "--remove", "aiguard-agent")
            seen.left["removed"] = host.left()
            seen.words["removed"] = host.run("sh", "-c", f"ls {STATE} {DROP_IN}")
            seen.pids["removed"] = host.main()
            seen.journal = host.journal()
            host.run("dpkg", "--purge", "aiguard-agent")
            seen.left["purged"] = host.left()
    yield seen


def logged(life: Life, event: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in life.journal.splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("event") == event]


def test_it_starts_by_itself_and_says_ready(life: Life) -> None:
    """Installing enables and starts the service; READY arrived and the status line tells what was seen."""
    assert life.words["Type"] == "notify"
    assert life.words["UnitFileState"] == "enabled"
    assert life.words["NRestarts"] == "0"
    assert life.words["StatusText"].endswith("generation 1")


def test_the_installed_unit_is_clean(life: Life) -> None:
    """systemd has nothing to say about the unit where it is installed, and rates it no worse than docs/install.md."""
    assert life.words["verify"] == ""
    assert float(life.words["security"].rpartition("aiguard-agent.service: ")[2].split()[0]) <= 3.2


def test_it_runs_with_four_capabilities_and_no_more(life: Life) -> None:
    """An account of its own, four capabilities in every set, no new rights, a system-call filter."""
    assert life.words["User"] == "aiguard-agent"
    assert life.process["Uid"].split()[0] != "0"
    for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
        assert int(life.process[name], 16) == CAPABILITIES, name
    assert life.process["NoNewPrivs"] == "1"
    assert life.process["Seccomp"] == "2"


def test_the_hardened_agent_sees_the_server_whole(life: Life) -> None:
    """Behind all that hardening the model server of another account is found with its model; the ledger is well."""
    assert life.status["servers"] == 1
    assert life.status["models"] == 1
    assert life.findings["installed"]
    assert life.status["ledger"]["health"] == ""
    assert {blind["collector"] for blind in life.status["blind"]} <= {"fanotify_files"}  # systemd-nspawn refuses that


def test_the_journal_has_its_log(life: Life) -> None:
    """journald holds the agent's own lines, as JSON."""
    assert logged(life, "ready")
    assert logged(life, "event")
    assert logged(life, "stopped")


def test_reload_takes_over_what_is_good_and_keeps_it(life: Life) -> None:
    """`systemctl reload` brings a new generation, a bad file none, and the process stays the same."""
    assert life.generations["good"] > 1
    assert life.generations["bad"] == life.generations["good"]
    assert life.pids["reloaded"] == life.pids["installed"]
    assert logged(life, "config_refused")


def test_a_killed_agent_comes_back_and_remembers(life: Life) -> None:
    """After SIGKILL systemd starts it again, and what was found before is still known, by its first moment."""
    assert life.restarts["killed"] == "1"
    before, after = life.findings["installed"], life.findings["killed"]
    assert {key: after[key][0] for key in before} == {key: opened for key, (opened, _) in before.items()}


def test_a_hung_agent_is_ended_and_starts_again(life: Life) -> None:
    """An agent that stands still misses its watchdog, is replaced, and its sources prove themselves again."""
    assert life.words["watchdog"] == "5s"
    assert int(life.restarts["hung"]) >= 1
    assert any(source["name"] == "listen_diff" and source["up"] for source in life.status["after the hang"])


def test_an_upgrade_keeps_state_and_configuration(life: Life) -> None:
    """A new version runs, with the findings and the drop-in of the old one."""
    assert life.words["version"] == "0.1.0"
    assert life.pids["upgraded"] != life.pids["hung"]
    assert life.words["drop-in"] == "log: {level: info}\n"
    before, after = life.findings["installed"], life.findings["upgraded"]
    assert {key: after[key][0] for key in before} == {key: opened for key, (opened, _) in before.items()}


def test_removal_stops_it_and_keeps_the_state(life: Life) -> None:
    """Removed, nothing runs and no program is left, but ledger and configuration are."""
    assert life.pids["removed"] == 0
    assert "ledger.db" in life.words["removed"]
    assert not {"/usr/bin/aiguard-agent", "/usr/lib/aiguard-agent"} & set(life.left["removed"])
    assert set(PLACES[:2]) <= set(life.left["removed"])


def test_a_purge_leaves_nothing(life: Life) -> None:
    """Purged, no file, no unit, no link and no account is left."""
    assert life.left["purged"] == []
