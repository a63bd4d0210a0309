"""The rules of the house, held by machine: what docs/architecture.md says about shape."""

from __future__ import annotations

import ast
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

REPOSITORY = Path(__file__).parent.parent
SOURCE = REPOSITORY / "src" / "aiguard_agent"
TESTS = REPOSITORY / "tests"
MODULES = sorted(SOURCE.rglob("*.py"))
PLUGIN_FOLDERS = {
    "watch/watchers": "WATCHER",
    "collect/collectors": "COLLECTOR",
    "identify/formats": "FORMAT",
    "policy/rules": "RULE",
    "report/renderers": "RENDERER",
    "cli/verbs": "VERB",
}
THINKING = ("core", "identify", "policy", "report")
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "lib", "manager"}
LINES = 400
BASE_PACKAGES = 15
PLUGIN_TESTS = {"identify/formats": "formats", "policy/rules": "rules", "watch/watchers": "watchers"}
"""Plug-in folders whose tests lie in a folder of their own."""
TESTED_ELSEWHERE = {
    "__init__.py": "a version",
    "__main__.py": "tests/cli/test_main.py runs it",
    "errors.py": "a tree of names; raised in every other test",
    "py.typed": "empty",
}


def relative(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@pytest.mark.parametrize("path", [*MODULES, *sorted(TESTS.rglob("*.py"))], ids=str)
def test_no_file_is_long(path: Path) -> None:
    """A file of more than 400 lines is two files."""
    assert len(path.read_text().splitlines()) <= LINES


def test_no_drawers() -> None:
    """No module is named after a drawer."""
    assert {relative(path) for path in MODULES if path.stem in BANNED_NAMES} == set()


@pytest.mark.parametrize("folder", sorted(PLUGIN_FOLDERS))
def test_plugins_end_with_their_constant(folder: str) -> None:
    """Every plug-in module ends with the one constant by which it is found."""
    modules = [path for path in (SOURCE / folder).glob("*.py") if path.name != "__init__.py"]
    assert modules, f"nothing in {folder}"

    for path in modules:
        last = ast.parse(path.read_text()).body[-1]
        targets = last.targets if isinstance(last, ast.Assign) else []
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        assert names == [PLUGIN_FOLDERS[folder]], path


def test_plugin_folders_are_in_the_contracts() -> None:
    """A wildcard of a contract that matches nothing passes in silence, so the folders are compared by name."""
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    independent = next(c for c in contracts if c["type"] == "independence")["modules"]

    assert {f"aiguard_agent.{folder.replace('/', '.')}.*" for folder in PLUGIN_FOLDERS} == set(independent)


def calls_of(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            target = node.func
            found.append(
                target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else ""
            )
    return found


@pytest.mark.parametrize("path", [p for p in MODULES if relative(p).split("/")[0] in THINKING], ids=relative)
def test_thinking_does_no_io(path: Path) -> None:
    """Thinking rooms open nothing, ask no clock and draw no lots."""
    banned = {
        "open",
        "read_text",
        "read_bytes",
        "write_text",
        "write_bytes",
        "urlopen",
        "getenv",
        "sleep",
        "monotonic",
        "random",
    }

    assert banned & set(calls_of(path)) == set()


def test_nothing_reads_smaps() -> None:
    """smaps, smaps_rollup and numa_maps stall the process they describe: no module names them but to forbid them."""
    guilty = [relative(p) for p in MODULES for word in ("/smaps", 'numa_maps"', "ptrace(") if word in p.read_text()]

    assert guilty == []


def mirror_of(path: Path) -> Path:
    folder, name = path.parent.relative_to(SOURCE), path.name
    place = PLUGIN_TESTS.get(folder.as_posix(), folder.as_posix())
    return TESTS / place / f"test_{name}"


@pytest.mark.parametrize("path", [p for p in MODULES if p.name not in TESTED_ELSEWHERE], ids=relative)
def test_every_module_has_its_test(path: Path) -> None:
    """Tests mirror the tree: a module that only defines types says so in its docstring's first words."""
    if mirror_of(path).exists():
        return
    body = ast.parse(path.read_text()).body
    functions = [n for n in ast.walk(ast.Module(body, [])) if isinstance(n, ast.FunctionDef)]
    only_words = all(len(function.body) <= 3 for function in functions)
    assert only_words, f"{mirror_of(path).relative_to(REPOSITORY)} is missing"


def closure(names: set[str]) -> set[str]:
    """All distributions that installing `names` brings, by the metadata of what is installed here."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for text in metadata.requires(name) or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name.lower().replace("_", "-"))
    return found


def test_base_install_stays_small() -> None:
    """A root daemon brings at most 15 third-party packages, the transitive ones counted."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    packages = closure({Requirement(text).name.lower() for text in project["dependencies"]})

    assert len(packages) <= BASE_PACKAGES, sorted(packages)


def test_lock_file_names_the_same_packages() -> None:
    """The lock file of the service install is the base install with hashes, nothing more."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    wanted = closure({Requirement(text).name.lower() for text in project["dependencies"]})
    text = (REPOSITORY / "deploy" / "requirements.lock").read_text()
    locked = {line.partition("==")[0] for line in text.splitlines() if "==" in line and not line.startswith((" ", "#"))}

    assert wanted == locked
    assert text.count("--hash=sha256:") >= len(locked)
