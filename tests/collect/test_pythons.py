import pytest

from aiguard_agent.collect.pythons import View, absolute, is_python, sites_of
from aiguard_agent.core.facts import Process

VENV = {"/v/pyvenv.cfg": "home = /usr/bin\ninclude-system-site-packages = false\n"}
SHARING = {"/v/pyvenv.cfg": "include-system-site-packages = true\n"}
FOLDERS = {
    "/v/lib": ["python3.11"],
    "/v/lib/python3.11/site-packages": ["x"],
    "/usr/lib": ["python3", "python3.11", "python3.9"],
    "/usr/lib/python3/dist-packages": ["x"],
    "/usr/lib/python3.9/site-packages": ["x"],
    "/home/bob/.local/lib": ["python3.11"],
    "/home/bob/.local/lib/python3.11/site-packages": ["x"],
    "/conda/lib": ["python3.11"],
    "/conda/lib/python3.11/site-packages": ["x"],
    "/conda/conda-meta": ["history"],
}
SITE, SYSTEM = "/v/lib/python3.11/site-packages", "/usr/lib/python3/dist-packages"


def view(texts=VENV):
    return View(names=lambda path: FOLDERS.get(path, []), text=lambda path: texts.get(path, ""))


def process(*argv, **more):
    return Process(
        **{"pid": 1, "start_ticks": 1, "started": 0.0, "exe": "/usr/bin/python3.11", "argv": argv, "cwd": "/", **more}
    )


@pytest.mark.parametrize(
    "run",
    [
        process("/v/bin/python", "serve.py"),
        process("../v/bin/python", "serve.py", cwd="/work"),
        process("python3", "/v/bin/vllm", "serve"),
        process("python", "serve.py", env=(("VIRTUAL_ENV", "/v"),)),
    ],
)
def test_virtual_environment_is_found_though_exe_is_the_base_interpreter(run):
    """By the program's path, by a relative one, by the script beside it, or by an activated environment."""
    assert sites_of(run, view()) == ((SITE, "venv"),)


def test_inherited_variable_does_not_make_an_environment():
    """A program started by its full path does not run in the environment that its shell had activated."""
    run = process("/usr/bin/python3", "serve.py", env=(("VIRTUAL_ENV", "/v"),))

    assert sites_of(run, view()) == ((SYSTEM, "system"),)


def test_sharing_environment_comes_before_what_it_shares():
    """With include-system-site-packages the system's folders are there, but last."""
    run = process("/v/bin/python", env=(("HOME", "/home/bob"),))

    assert [kind for _site, kind in sites_of(run, view(SHARING))] == ["venv", "user", "system"]


def test_other_versions_of_the_interpreter_are_left_out():
    """A python3.11 does not import from the folders of python3.9."""
    assert "/usr/lib/python3.9/site-packages" not in dict(sites_of(process("/usr/bin/python3.11"), view()))


def test_overwritten_command_line_leaves_the_mapped_libraries():
    """When setproctitle hid argv, the libraries still tell the environment."""
    run = process("ray::IDLE", mapped=(f"{SITE}/torch/lib/libtorch.so", "/usr/lib/libc.so.6"))

    assert sites_of(run, view())[0] == (SITE, "venv")


def test_conda_is_told_by_its_folder():
    """A conda interpreter is no link, so its own folder says what it is."""
    run = process("/conda/bin/python3.11", exe="/conda/bin/python3.11")

    assert sites_of(run, view({})) == (("/conda/lib/python3.11/site-packages", "conda"),)


def test_python_path_counts_and_relative_entries_do_not():
    """Absolute entries of PYTHONPATH are searched; relative and empty ones say nothing we can place."""
    run = process("/v/bin/python", env=(("PYTHONPATH", "/opt/extra:rel::"),))

    assert sites_of(run, view()) == ((SITE, "venv"), ("/opt/extra", "user"))


def test_hundred_folders_are_not_searched():
    """Whoever names a thousand folders gets the first few searched."""
    run = process("x", env=(("PYTHONPATH", ":".join(f"/p{n}" for n in range(1000))),))

    assert len(sites_of(run, view({}))) == 12


def test_arguments_that_are_no_paths_have_no_place():
    """Words, empty ones and relative paths without a working directory are not placed."""
    assert absolute(process(cwd=None), "a/b") == ""
    assert absolute(process(), "word") == ""
    assert absolute(process(), "x\0/y") == ""
    assert absolute(process(cwd="/w"), "../v/bin/python") == "/v/bin/python"


def test_python_is_told_by_program_or_by_mapped_packages():
    """An embedded interpreter shows by what it maps; nginx is no Python."""
    assert is_python(process())
    assert is_python(process(exe="/usr/bin/uwsgi", mapped=(f"{SITE}/x.so",)))
    assert not is_python(process(exe="/usr/sbin/nginx"))
