"""Finding plug-ins."""

import sys
from pathlib import Path

import pytest

from aiguard_agent.core.plugins import discover


def make_package(path: Path, **modules: str) -> None:
    path.mkdir()
    (path / "__init__.py").write_text("")
    for name, body in modules.items():
        (path / f"{name}.py").write_text(body)


def test_every_module_gives_its_constant_in_name_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plug-ins come ordered by module name."""
    make_package(tmp_path / "plugs_good", b="THING = 2", a="THING = 1")
    monkeypatch.syspath_prepend(tmp_path)
    import plugs_good  # type: ignore[import-not-found]

    assert discover(plugs_good, "THING", int) == (1, 2)


def test_a_module_without_the_constant_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A forgotten constant is an error that names the module, never a silent gap."""
    make_package(tmp_path / "plugs_bad", oops="OTHER = 1")
    monkeypatch.syspath_prepend(tmp_path)
    import plugs_bad  # type: ignore[import-not-found]

    with pytest.raises(TypeError, match=r"plugs_bad\.oops must define THING: int"):
        discover(plugs_bad, "THING", int)
    sys.modules.pop("plugs_bad.oops", None)
