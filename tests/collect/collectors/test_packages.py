import errno
import json
import subprocess
import sys
import venv
from dataclasses import replace

import pytest

from aiguard_agent.collect import foreign
from aiguard_agent.collect.collector import Options, Sight
from aiguard_agent.collect.collectors.packages import COLLECTOR
from aiguard_agent.collect.host import Host
from aiguard_agent.core.facts import BlindKind, Package, Process

ID = "4f" * 32


def process(*argv, **more):
    return Process(**{"pid": 77, "start_ticks": 1, "started": 0.0, "argv": argv, "cwd": "/", "exe": argv[0], **more})


def look(host, *processes):
    return COLLECTOR.collect(host, Options(interesting=lambda _p: True), Sight(processes=tuple(processes)))


def put(folder, name, text=""):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_real_virtual_environment_of_a_real_process(tmp_path):
    """A process started by a venv's python is linked to the packages of that venv, not to the interpreter's."""
    venv.create(tmp_path / "v", with_pip=False)
    site = next((tmp_path / "v/lib").glob("python3*/site-packages"))
    (site / "vllm-0.10.11.dist-info").mkdir()
    python = str(tmp_path / "v/bin/python")
    with subprocess.Popen([python, "-c", "input()"], stdin=subprocess.PIPE, cwd=tmp_path) as child:
        run = process("v/bin/python", "-c", "input()", pid=child.pid, exe=sys.executable, cwd=str(tmp_path))
        sight = look(Host(), run)
        child.communicate(b"\n")

    (after,) = sight.processes or ()
    assert after.environments == (str(site),)
    (environment,) = sight.environments
    assert (environment.key, environment.kind) == (str(site), "venv")
    assert environment.packages == (
        Package(ecosystem="pypi", name="vllm", version="0.10.11", location=f"{site}/vllm-0.10.11.dist-info"),
    )


def test_container_packages_are_read_inside_its_root(tmp_path):
    """Packages of a container carry its id in their key, and links in there do not lead out."""
    root = "proc/77/root"
    put(tmp_path, f"{root}/app/v/pyvenv.cfg", "home = /usr\n")
    put(tmp_path, f"{root}/real/vllm-0.9.dist-info/METADATA")
    (tmp_path / f"{root}/app/v/lib/python3.12").mkdir(parents=True)
    (tmp_path / f"{root}/app/v/lib/python3.12/site-packages").symlink_to("/real")
    put(tmp_path, "real/vllm-0.1.dist-info/METADATA")

    sight = look(Host(tmp_path), process("/app/v/bin/python", container=ID, exe="/usr/bin/python3.12"))

    (environment,) = sight.environments
    assert environment.key == f"{ID}:/real"
    assert [(package.name, package.version) for package in environment.packages] == [("vllm", "0.9")]


def test_folder_is_read_once_for_many_processes_and_again_when_it_changes(tmp_path, monkeypatch):
    """Workers of one environment share it; the next pass reads it only after a change."""
    put(tmp_path, "v/pyvenv.cfg", "x")
    site = tmp_path / "v/lib/python3.11/site-packages"
    put(site, "a-1.0.dist-info/METADATA")
    host = Host(tmp_path)
    runs = [process("/v/bin/python", pid=pid, exe="/usr/bin/python3.11") for pid in range(1, 6)]

    first = look(host, *runs)
    again = look(host, *runs)
    put(site, "b-2.0.dist-info/METADATA")
    changed = look(host, *runs)

    assert len(first.environments) == len(again.environments) == 1
    assert again.environments[0] is first.environments[0]
    assert [package.name for package in changed.environments[0].packages] == ["a", "b"]


def test_older_metadata_is_read_for_its_version(tmp_path):
    """egg-info without a version, and editable installs, are read from their PKG-INFO."""
    put(tmp_path, "v/pyvenv.cfg", "x")
    site = "v/lib/python3.11/site-packages"
    put(tmp_path, f"{site}/old.egg-info/PKG-INFO", "Name: old\nVersion: 3.1\n\n")
    put(tmp_path, f"{site}/my-app.egg-link", "/src\n.")
    put(tmp_path, "src/my_app.egg-info/PKG-INFO", "Version: 0.2\n")

    (environment,) = look(Host(tmp_path), process("/v/bin/python", exe="/usr/bin/python3.11")).environments

    assert {(package.name, package.version) for package in environment.packages} == {("old", "3.1"), ("my-app", "0.2")}


@pytest.mark.parametrize(
    ("argv", "more"),
    [
        (("node", "/usr/bin/n8n"), {"exe": "/usr/bin/node"}),
        (("node", "--max-old-space-size=1", "/usr/bin/n8n", "start"), {"exe": "/usr/bin/node"}),
        (("node", "../bin/n8n"), {"exe": "/usr/bin/node", "cwd": "/usr/share"}),
        (("n8n",), {"exe": "/usr/bin/node", "mapped": ("/usr/lib/node_modules/n8n/node_modules/x/y.node",)}),
    ],
)
def test_node_program_is_named_by_its_package(tmp_path, argv, more):
    """Through the link in bin/, past node's own options, relative, or by what a retitled process maps."""
    put(tmp_path, "usr/lib/node_modules/n8n/package.json", json.dumps({"name": "n8n", "version": "1.70.0"}))
    put(tmp_path, "usr/lib/node_modules/n8n/bin/n8n", "#!/usr/bin/env node")
    (tmp_path / "usr/bin").mkdir()
    (tmp_path / "usr/share").mkdir()
    (tmp_path / "usr/bin/n8n").symlink_to("../lib/node_modules/n8n/bin/n8n")

    sight = look(Host(tmp_path), process(*argv, **more))

    (environment,) = sight.environments
    assert (environment.key, environment.kind) == ("/usr/lib/node_modules/n8n", "node")
    assert environment.packages[0].name == "n8n"
    assert environment.packages[0].version == "1.70.0"
    assert (sight.processes or ())[0].environments == (environment.key,)


def test_application_outside_node_modules_is_named_by_the_nearest_package(tmp_path):
    """A server started from its own folder is what its package.json says."""
    put(tmp_path, "app/package.json", json.dumps({"name": "flowise", "version": "2.1.0"}))
    put(tmp_path, "app/dist/server.js")

    (environment,) = look(
        Host(tmp_path), process("node", "dist/server.js", exe="/usr/bin/node", cwd="/app")
    ).environments

    assert environment.packages[0].name == "flowise"


def test_broken_package_json_and_empty_folders_are_no_environment(tmp_path):
    """Text that is no JSON, JSON that is no package and folders without packages are left out."""
    put(tmp_path, "app/package.json", '{"name": 5}')
    put(tmp_path, "app/server.js")
    put(tmp_path, "v/pyvenv.cfg", "x")
    put(tmp_path, "v/lib/python3.11/site-packages/module.py")

    sight = look(
        Host(tmp_path),
        process("node", "/app/server.js", exe="/usr/bin/node"),
        process("/v/bin/python", exe="/usr/bin/python3.11"),
    )

    assert sight.environments == ()
    assert all(run.environments == () for run in sight.processes or ())


def test_processes_that_nobody_asked_about_are_left_alone(tmp_path):
    """Without interest and without a look inside, no package folder is read."""
    put(tmp_path, "v/pyvenv.cfg", "x")
    put(tmp_path, "v/lib/python3.11/site-packages/a-1.0.dist-info/METADATA")
    run = process("/v/bin/python", exe="/usr/bin/python3.11")

    sight = COLLECTOR.collect(Host(tmp_path), Options(), Sight(processes=(run,)))

    assert sight.environments == ()
    assert sight.processes == (run,)


def test_quiet_pass_repeats_what_a_process_had(tmp_path):
    """A process is looked into again when it maps something else, and in a thorough pass."""
    put(tmp_path, "v/pyvenv.cfg", "x")
    site = tmp_path / "v/lib/python3.11/site-packages"
    put(site, "a-1.0.dist-info/METADATA")
    host = Host(tmp_path)
    run = process("/v/bin/python", exe="/usr/bin/python3.11", inspected=True)
    host.memory.begin()
    first = COLLECTOR.collect(host, Options(), Sight(processes=(run,)))
    (tmp_path / "v/pyvenv.cfg").unlink()
    host.memory.begin()

    second = COLLECTOR.collect(host, Options(), Sight(processes=(run,)))
    grown = look(host, replace(run, mapped=("/usr/lib/libx.so",)))
    host.memory.passes = 1
    thorough = look(host, run)

    assert second.environments == first.environments
    assert second.processes == first.processes
    assert grown.environments == ()
    assert thorough.environments == ()


def test_root_that_cannot_be_looked_into_is_told_once(tmp_path, monkeypatch):
    """On a kernel without openat2 the packages of a container are a blind spot, not an empty environment."""
    put(tmp_path, "proc/77/root/app/v/pyvenv.cfg", "home = /usr\n")

    def missing(*_arguments):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(foreign, "open_in_root", missing)
    run = process("/app/v/bin/python", exe="/usr/bin/python3.12", comm="python")
    sight = look(Host(tmp_path), run, replace(run, argv=("/app/v/bin/python", "-m", "x")))

    assert [(blind.subject, blind.kind) for blind in sight.blind] == [
        ("packages of pid 77 (python)", BlindKind.UNSUPPORTED)
    ]
    assert sight.processes == (run, replace(run, argv=("/app/v/bin/python", "-m", "x")))
