"""The Ansible role: it parses, notifies handlers that exist, and its variables all have defaults."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "ansible"
ROLE = FOLDER / "roles" / "aiguard_agent"
FILES = sorted(FOLDER.rglob("*.yml"))


def read(name: str) -> Any:
    return yaml.safe_load((ROLE / name / "main.yml").read_text())


def test_every_file_is_good_yaml() -> None:
    """All files of the role and the example playbook parse and are not empty."""
    assert len(FILES) == 5
    assert all(yaml.safe_load(path.read_text()) for path in FILES)


def test_every_handler_that_is_notified_exists() -> None:
    """A task notifies handlers of this role only, and none is there for nothing."""
    notified = {task["notify"] for task in read("tasks") if "notify" in task}

    assert notified == {handler["name"] for handler in read("handlers")}


def test_every_variable_has_a_default() -> None:
    """Whoever uses the role has to set nothing."""
    words = (ROLE / "tasks" / "main.yml").read_text() + (ROLE / "handlers" / "main.yml").read_text()

    assert set(re.findall(r"\baiguard_agent_\w+", words)) == set(read("defaults"))


def test_what_the_agent_reads_is_checked_before_it_is_put_in_place() -> None:
    """Configuration and inventory go through the agent's own check first, and nobody else can write them."""
    written = [task["ansible.builtin.copy"] for task in read("tasks") if "ansible.builtin.copy" in task]
    ours = [copy for copy in written if copy["dest"].startswith("/etc/aiguard-agent/")]

    assert len(ours) == 2
    assert all(copy["validate"].startswith("/usr/bin/aiguard-agent ") and "%s" in copy["validate"] for copy in ours)
    assert all(copy["mode"] == "0640" for copy in ours)


def test_ansible_lint_agrees() -> None:
    """Where ansible-lint is installed, it finds nothing."""
    program = shutil.which("ansible-lint")
    if program is None:
        pytest.skip("needs the program ansible-lint")

    done = subprocess.run(
        [program, "--offline", "--nocolor", "site.example.yml", "roles"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert done.returncode == 0, done.stdout
