import json
from dataclasses import replace

import pytest

from aiguard_agent.collect.collector import Options, Sight
from aiguard_agent.collect.collectors.containers import COLLECTOR
from aiguard_agent.collect.host import Host
from aiguard_agent.core.facts import BlindKind, Container, Process

ID = "4f" * 32
ROOTLESS = f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope"
UID = "12345678-1234-1234-1234-123456789abc"


def put(folder, name, value):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))


def member(container=ID, cgroup="", **more):
    return Process(pid=7, start_ticks=1, started=0.0, container=container, cgroup=cgroup, **more)


def look(root, *processes):
    return COLLECTOR.collect(Host(root), Options(), Sight(processes=tuple(processes)))


@pytest.mark.parametrize("how", ["default", "argv", "argv=", "daemon.json", "config-file"])
def test_docker_data_root_is_found(tmp_path, how):
    """The data folder is the usual one, or what dockerd's options or its configuration say."""
    root = "/var/lib/docker" if how == "default" else "/big/docker"
    put(tmp_path, f"{root[1:]}/containers/{ID}/config.v2.json", {"Name": "/llm", "Config": {"Image": "ollama/ollama"}})
    argv = {"argv": ("dockerd", "--data-root", root), "argv=": ("dockerd", f"--data-root={root}")}.get(
        how, ("dockerd",)
    )
    if how == "daemon.json":
        put(tmp_path, "etc/docker/daemon.json", {"data-root": root})
    if how == "config-file":
        put(tmp_path, "etc/my.json", {"data-root": root})
        argv = ("dockerd", "--config-file", "/etc/my.json")

    sight = look(tmp_path, member(), Process(pid=1, start_ticks=1, started=0.0, comm="dockerd", argv=argv))

    assert sight.containers == (Container(id=ID, runtime="docker", name="llm", image="ollama/ollama"),)
    assert sight.blind == ()


def test_kubernetes_pod_comes_from_the_cgroup_path_and_the_log_folder(tmp_path):
    """Without any runtime state the pod is still named, by the cgroup path and /var/log/pods."""
    (tmp_path / f"var/log/pods/ml_vllm-0_{UID}").mkdir(parents=True)
    cgroup = f"/kubepods.slice/kubepods-pod{UID.replace('-', '_')}.slice/cri-containerd-{ID}.scope"

    sight = look(tmp_path, member(cgroup=cgroup))

    assert sight.containers == (Container(id=ID, runtime="containerd", pod_uid=UID, pod_name="vllm-0", namespace="ml"),)


def test_containerd_task_is_found_in_any_namespace(tmp_path):
    """The task folder is searched in every containerd namespace."""
    tasks = f"run/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/config.json"
    put(tmp_path, tasks, {"annotations": {"io.kubernetes.cri.container-name": "vllm"}})

    (found,) = look(tmp_path, member()).containers

    assert (found.runtime, found.name) == ("containerd", "vllm")


def test_rootless_podman_is_found_in_the_home_of_its_user(tmp_path):
    """Podman of an ordinary user keeps its list in the user's home."""
    put(
        tmp_path,
        "home/bob/.local/share/containers/storage/overlay-containers/containers.json",
        [{"id": ID, "names": ["llm"], "metadata": json.dumps({"image-name": "x/y:1"})}],
    )

    (found,) = look(tmp_path, member(cgroup=ROOTLESS)).containers

    assert (found.runtime, found.name, found.image) == ("podman", "llm", "x/y:1")


def test_no_home_names_a_container_of_the_system(tmp_path):
    """What a user writes into his home is about his own containers: else he calls another's `approved`."""
    listed = [{"id": ID, "names": ["approved"], "metadata": "{}"}]
    put(tmp_path, "home/bob/.local/share/containers/storage/overlay-containers/containers.json", listed)
    put(tmp_path, f"home/bob/.local/share/docker/containers/{ID}/config.v2.json", {"Name": "/approved"})

    (found,) = look(tmp_path, member(cgroup=f"/system.slice/docker-{ID}.scope")).containers

    assert found.name == ""


def test_a_control_group_called_after_a_container_is_not_in_it(tmp_path):
    """A user may name a group below his own as he likes; it gets neither the name nor the image of a real one."""
    put(tmp_path, f"var/lib/docker/containers/{ID}/config.v2.json", {"Name": "/approved"})
    liar = replace(member(cgroup=ROOTLESS), pid=8)

    alone = look(tmp_path, liar)
    both = look(tmp_path, liar, member(cgroup=f"/system.slice/docker-{ID}.scope"))

    assert [one.name for one in alone.containers] == [""]
    assert [one.name for one in both.containers] == ["approved"]
    assert {process.pid: process.container for process in both.processes} == {8: "", 7: ID}
    assert [blind.subject for blind in both.blind] == ["pid 8"]


@pytest.mark.parametrize("more", [{"uid": 1000}, {"container": "ab" * 32}])
def test_a_dockerd_of_somebody_else_names_nothing(tmp_path, more):
    """A process that calls itself dockerd does not lead us to state files of its own making."""
    put(tmp_path, f"tmp/evil/containers/{ID}/config.v2.json", {"Name": "/approved"})
    fake = Process(
        pid=9, start_ticks=1, started=0.0, comm="dockerd", argv=("dockerd", "--data-root", "/tmp/evil"), **more
    )

    assert [one.name for one in look(tmp_path, member(), fake).containers if one.id == ID] == [""]


def test_unknown_container_keeps_its_id_and_is_told(tmp_path):
    """A container that nobody wrote down is still a container, and a blind spot."""
    sight = look(tmp_path, member())

    assert sight.containers == (Container(id=ID),)
    assert [(blind.kind, blind.subject) for blind in sight.blind] == [(BlindKind.UNSUPPORTED, f"container {ID}")]


def test_container_is_named_once_for_all_its_processes(tmp_path):
    """Ten processes of one container give one container; processes of the host give none."""
    sight = look(tmp_path, *[member()] * 10, Process(pid=1, start_ticks=1, started=0.0))

    assert len(sight.containers) == 1
    assert look(tmp_path, Process(pid=1, start_ticks=1, started=0.0)) == Sight()


def test_container_id_never_leads_out_of_the_state_folder(tmp_path):
    """An id with a path in it is not looked up."""
    put(tmp_path, "var/lib/docker/evil/config.v2.json", {"Name": "/evil"})

    (found,) = look(tmp_path, member(container="../evil")).containers

    assert found == Container(id="../evil")


def test_state_that_may_not_be_read_is_told(tmp_path, monkeypatch):
    """A refused state file is a blind spot beside the container's id."""
    real = Host.data

    def refuse(self, path, *rest, **more):
        if path.endswith("config.v2.json"):
            raise PermissionError(13, "Permission denied")
        return real(self, path, *rest, **more)

    monkeypatch.setattr(Host, "data", refuse)

    sight = look(tmp_path, member())

    assert BlindKind.DENIED in [blind.kind for blind in sight.blind]
    assert sight.containers == (Container(id=ID),)
