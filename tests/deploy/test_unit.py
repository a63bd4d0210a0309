"""The systemd unit: every directive is explained, systemd accepts it, and it leaves the sensor what it needs."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
UNIT = FOLDER / "aiguard-agent.service"
EXPOSURE = 3.2
"""What `systemd-analyze security` may say at most: docs/install.md names the figure."""


def directives() -> list[tuple[str, str, bool]]:
    """Read (key, value, whether the line above explains it)."""
    found, explained = [], False
    for line in UNIT.read_text().splitlines():
        if line.startswith("#"):
            explained = True
            continue
        key, sign, value = line.partition("=")
        if sign:
            found.append((key, value, explained))
        explained = False
    return found


def values(key: str) -> list[str]:
    return [word for name, value, _ in directives() if name == key for word in value.split()]


def analyze(*words: str, unit: Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("needs the program systemd-analyze")
    return subprocess.run([program, *words, str(unit)], capture_output=True, text=True, timeout=60, check=False)


def test_every_directive_has_its_reason() -> None:
    """Above every directive of the unit stands a comment; Description is one itself."""
    bare = [key for key, _, explained in directives() if not explained and key not in ("Description", "Documentation")]

    assert len(directives()) > 40
    assert bare == []


def test_systemd_accepts_it(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say, once the programs it names are there."""
    unit = tmp_path / UNIT.name
    unit.write_text(re.sub(r"/usr/bin/aiguard-agent", "/bin/true", UNIT.read_text()))

    done = analyze("verify", "--man=no", unit=unit)

    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_it_exposes_no_more_than_written() -> None:
    """The exposure level stays at or under what docs/install.md says."""
    done = analyze("security", "--offline=yes", "--no-pager", unit=UNIT)

    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)

    assert found is not None, done.stderr
    assert float(found[1]) <= EXPOSURE
    assert f"{found[1]} " in (FOLDER.parents[1] / "docs" / "install.md").read_text()


def test_it_is_given_no_more_than_its_bounds() -> None:
    """What the account is given is what anything below it can have at most, and four capabilities are all."""
    given = values("AmbientCapabilities")

    assert given == values("CapabilityBoundingSet")
    assert set(given) == {"CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH", "CAP_SYS_ADMIN", "CAP_NET_ADMIN"}


@pytest.mark.parametrize("key", ["RestrictSUIDSGID", "ProtectProc", "ProcSubset", "PrivateTmp", "PrivateUsers"])
def test_what_blinds_the_sensor_is_left_out(key: str) -> None:
    """Hardening that would hide models, processes or openat2 is not switched on, and the end of the unit says why."""
    assert values(key) == []
    assert key in UNIT.read_text().partition("# Left out on purpose:")[2]


def test_it_is_always_there_again() -> None:
    """Whatever ends the agent, it is started again, without limit, and a hang counts as an end."""
    assert values("Restart") == ["always"]
    assert values("StartLimitIntervalSec") == ["0"]
    assert int(values("WatchdogSec")[0]) > 0


def test_account_and_folders_belong_together() -> None:
    """The account of the unit is the one that sysusers.d makes and to which tmpfiles.d gives the state."""
    account = values("User")[0]

    assert f"u {account} " in (FOLDER / "aiguard-agent.sysusers").read_text()
    assert (
        f"d /var/lib/{values('StateDirectory')[0]} 0700 {account} {account} -"
        in (FOLDER / "aiguard-agent.tmpfiles").read_text()
    )
