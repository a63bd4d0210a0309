"""The chart: it renders, asks for no more than the sensor needs, and carries a good configuration."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from chart import render

from aiguard_agent.config.load import load
from aiguard_agent.daemon.standing import rule_ids
from aiguard_agent.inventory.load import load as load_inventory

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
CHART = FOLDER / "chart"
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
RELEASE = {"Name": "aiguard-agent", "Namespace": "aiguard"}


def rendered(**changed: Any) -> dict[str, dict[str, Any]]:
    scope = {"Release": RELEASE, "Values": {**VALUES, **changed}}
    templates = sorted((CHART / "templates").glob("*.yaml"))
    documents = [yaml.safe_load(render(template.read_text(), scope)) for template in templates]
    return {document["kind"]: document for document in documents}


def pod(**changed: Any) -> dict[str, Any]:
    spec: dict[str, Any] = rendered(**changed)["DaemonSet"]["spec"]["template"]["spec"]
    return spec


def test_the_plain_manifest_is_the_rendered_chart() -> None:
    """aiguard-agent.yaml is what the chart renders with its own values."""
    written = {one["kind"]: one for one in yaml.safe_load_all((FOLDER / "aiguard-agent.yaml").read_text())}

    assert written == rendered()


def test_helm_renders_the_same() -> None:
    """Where Helm is installed, it finds nothing to complain about and renders the same."""
    helm = os.environ.get("HELM") or shutil.which("helm")
    if helm is None:
        pytest.skip("needs the program helm (HELM=...)")
    lint = subprocess.run([helm, "lint", "--strict", CHART], capture_output=True, text=True, timeout=60, check=False)
    command = [helm, "template", "aiguard-agent", CHART, "--namespace", "aiguard", "--kube-version", "1.30.0"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)

    assert lint.returncode == 0, lint.stdout
    assert {one["kind"]: one for one in yaml.safe_load_all(done.stdout) if one} == rendered()


def test_it_is_not_privileged() -> None:
    """No privilege, no growth of rights, a read-only root, and the capabilities of the unit alone."""
    security = pod()["containers"][0]["securityContext"]

    assert security["privileged"] is False
    assert security["allowPrivilegeEscalation"] is False
    assert security["readOnlyRootFilesystem"] is True
    assert security["capabilities"]["drop"] == ["ALL"]
    unit = (FOLDER.parent / "systemd" / "aiguard-agent.service").read_text()
    bounds = next(line for line in unit.splitlines() if line.startswith("CapabilityBoundingSet="))
    assert [f"CAP_{name}" for name in security["capabilities"]["add"]] == bounds.partition("=")[2].split()


def test_it_writes_to_its_own_places_alone() -> None:
    """Of the host's folders, the state is the only one that is not mounted read-only."""
    spec = pod()
    of_the_host = {volume["name"] for volume in spec["volumes"] if "hostPath" in volume}

    writable = {mount["name"] for mount in spec["containers"][0]["volumeMounts"] if not mount.get("readOnly")}

    assert writable & of_the_host == {"state"}


def test_it_has_no_token_of_the_cluster() -> None:
    """The agent cannot speak to the API server."""
    assert pod()["automountServiceAccountToken"] is False
    assert rendered()["ServiceAccount"]["automountServiceAccountToken"] is False


def test_every_mount_has_its_volume() -> None:
    """Mounts and volumes name each other, those added by values too."""
    more = {"name": "token", "secret": {"secretName": "metrics", "defaultMode": 0o400}}
    spec = pod(extraVolumes=[more], extraVolumeMounts=[{"name": "token", "mountPath": "/secrets", "readOnly": True}])

    mounted = {mount["name"] for mount in spec["containers"][0]["volumeMounts"]}

    assert mounted == {volume["name"] for volume in spec["volumes"]}
    assert "token" in mounted


def test_the_configuration_and_inventory_are_good(tmp_path: Path) -> None:
    """What the chart puts into /etc/aiguard-agent is accepted by the agent itself."""
    for name, text in rendered()["ConfigMap"]["data"].items():
        (tmp_path / name).write_text(text)

    loaded = load(tmp_path / "config.yaml", {}, rules=rule_ids(), required=True)

    assert "/host/home" in [str(path) for path in loaded.config.scan.paths]
    assert load_inventory(tmp_path / "inventory.yaml").servers == ()


def test_more_of_helm_than_we_know_fails() -> None:
    """The tiny renderer refuses what it would get wrong."""
    with pytest.raises(ValueError, match="more of Helm"):
        render("a: {{ if .Values.b }}1{{ end }}\n", {"Values": {"b": True}})
