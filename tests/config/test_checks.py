"""What one key alone cannot tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aiguard_agent.config.checks import contradictions, missing_files, open_doors
from aiguard_agent.config.keys import build
from aiguard_agent.config.values import Address, Secret

SECRET = Secret(file="/etc/x")
EVERYWHERE = Address("0.0.0.0", 9)


def test_the_defaults_agree() -> None:
    """What ships contradicts nothing and opens nothing."""
    assert list(contradictions(build({}))) == []
    assert open_doors(build({})) == ()


@pytest.mark.parametrize(
    ("values", "faults"),
    [
        (
            {"probe.request_timeout": 11.0},
            [("probe.request_timeout", "is larger than probe.total_timeout, which is 10s")],
        ),
        ({"probe.request_timeout": 10.0}, []),
        (
            {"watch.listen_interval": 10.0, "watch.reconcile_interval": 5.0},
            [("watch.listen_interval", "is larger than watch.reconcile_interval, which is 5s")],
        ),
        (
            {"watch.full_reconcile_interval": 59.0},
            [("watch.reconcile_interval", "is larger than watch.full_reconcile_interval, which is 59s")],
        ),
        (
            {"ledger.reserve": 8 << 20, "ledger.size_cap": 4 << 20},
            [("ledger.reserve", "is larger than ledger.size_cap, which is 4MiB")],
        ),
        ({"metrics.tls_cert_file": "/c"}, [("metrics.tls_cert_file", "needs metrics.tls_key too")]),
        ({"metrics.tls_key": SECRET}, [("metrics.tls_key", "needs metrics.tls_cert_file too")]),
        ({"metrics.tls_key": SECRET, "metrics.tls_cert_file": "/c"}, []),
        ({"metrics.client_ca_file": "/ca"}, [("metrics.client_ca_file", "needs metrics.tls_cert_file too")]),
        ({"metrics.basic_auth_user": "p"}, [("metrics.basic_auth_user", "needs metrics.basic_auth_password too")]),
        (
            {"metrics.unix_socket": "/s", "status.socket": "/s"},
            [("status.socket", "is the same path as metrics.unix_socket")],
        ),
        (
            {"metrics.textfile": "/x/a.txt"},
            [("metrics.textfile", "must end in `.prom`, or node_exporter does not read it")],
        ),
        ({"metrics.textfile": "/x/a.prom", "status.socket": None}, []),
    ],
)
def test_contradictions_are_named(values: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    """Each is told once, at the key that is to be changed."""
    assert list(contradictions(build(values))) == faults


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"metrics.listen": None}, []),
        ({"metrics.listen": EVERYWHERE}, ["answers everybody", "figures cross the network in clear"]),
        ({"metrics.listen": EVERYWHERE, "metrics.bearer_token": SECRET}, ["passwords and tokens cross"]),
        ({"metrics.listen": EVERYWHERE, "metrics.bearer_token": SECRET, "metrics.tls_cert_file": "/c"}, []),
        ({"metrics.listen": EVERYWHERE, "metrics.tls_cert_file": "/c"}, ["answers everybody"]),
        ({"metrics.listen": EVERYWHERE, "metrics.tls_cert_file": "/c", "metrics.client_ca_file": "/ca"}, []),
    ],
)
def test_open_doors_are_mentioned(values: dict[str, Any], words: list[str]) -> None:
    """Allowed, but seldom meant."""
    found = open_doors(build(values))

    assert len(found) == len(words)
    assert all(word in sentence for word, sentence in zip(words, found, strict=True))


def test_what_is_named_must_be_there(tmp_path: Path) -> None:
    """Files, directories and secrets are looked for, those that were given and no others."""
    (tmp_path / "token").write_text("hunter2")
    (tmp_path / "token").chmod(0o644)
    (tmp_path / "key").write_text("-----BEGIN\nKEY-----\n")
    (tmp_path / "key").chmod(0o600)
    values: dict[str, Any] = {
        "scan.inventory": str(tmp_path / "nothing.yaml"),
        "scan.signatures": (str(tmp_path), str(tmp_path / "token")),
        "scan.paths": ("/nothing/yet",),
        "metrics.bearer_token": Secret(file=str(tmp_path / "token")),
        "metrics.basic_auth_password": Secret(credential="password"),
        "metrics.tls_key": Secret(file=str(tmp_path / "key")),
        "metrics.tls_cert_file": str(tmp_path),
    }

    faults = dict(missing_files(build(values), values, {}))

    assert list(faults) == [
        "scan.inventory",
        "scan.signatures[1]",
        "metrics.tls_cert_file",
        "metrics.basic_auth_password",
        "metrics.bearer_token",
    ]
    assert faults["scan.signatures[1]"] == f"{tmp_path}/token: there is no such directory"
    assert "CREDENTIALS_DIRECTORY" in faults["metrics.basic_auth_password"]
    assert faults["metrics.bearer_token"] == f"file:{tmp_path}/token: anybody may read it; chmod o-rwx"
    assert list(missing_files(build(values), (), {})) == []
