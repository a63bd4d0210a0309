"""The names a process goes by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguard_agent.core.facts import Process
from aiguard_agent.identify.entry import entry_of, line_of, well_placed


def process(*argv: str, exe: str | None = None, comm: str = "") -> Process:
    return Process(pid=1, start_ticks=1, started=0.0, argv=argv, exe=exe, comm=comm)


@pytest.mark.parametrize(
    ("argv", "script", "module"),
    [
        (("python3", "app.py"), "app.py", ""),
        (("/v/bin/python", "-u", "-X", "dev", "/v/bin/vllm", "serve"), "/v/bin/vllm", ""),
        (("python", "-m", "sglang.launch_server", "--x"), "", "sglang.launch_server"),
        (("python", "-msglang.launch_server"), "", "sglang.launch_server"),
        (("python3.12", "-c", "import vllm"), "", ""),
        (("node", "--require", "x", "/usr/bin/n8n", "start"), "/usr/bin/n8n", ""),
        (("java", "-Xmx1g", "-cp", "ts.jar", "org.pytorch.serve.ModelServer"), "", "org.pytorch.serve.ModelServer"),
        (("java", "-jar", "/opt/h2o/h2o.jar"), "", "h2o.jar"),
        (("python3",), "", ""),
    ],
)
def test_interpreters(argv: tuple[str, ...], script: str, module: str) -> None:
    """What an interpreter runs is read from its arguments, options skipped."""
    entry = entry_of(process(*argv))

    assert (script, module) == (entry.script, entry.module)


def test_a_venv_shows_the_base_interpreter() -> None:
    """The exe names the base interpreter, the script names the program: both are names."""
    entry = entry_of(process("/v/bin/python", "/v/bin/vllm", "serve", exe="/usr/bin/python3.11", comm="vllm"))

    assert {"vllm", "python3.11", "python"} <= entry.names
    assert entry.interpreter


@pytest.mark.parametrize(
    ("argv", "exe"),
    [
        (("grep", "-r", "vllm serve", "."), "/usr/bin/grep"),
        (("vim", "ollama.py"), None),
        (("-bash",), "/usr/bin/bash"),
        (("ollama", "serve"), "/usr/bin/vim.basic"),
    ],
)
def test_bystanders_have_no_line(argv: tuple[str, ...], exe: str | None) -> None:
    """The arguments of an editor, a shell or a search are about others; argv[0] cannot hide the exe."""
    entry = entry_of(process(*argv, exe=exe))

    assert entry.bystander
    assert entry.line == ""


def test_a_deleted_exe_keeps_its_name() -> None:
    """An upgrade under a running server does not make it nameless."""
    assert entry_of(process("ollama", exe="/usr/bin/ollama (deleted)")).program == "ollama"


@given(st.lists(st.text(max_size=8), max_size=5), st.none() | st.text(max_size=8), st.text(max_size=15))
def test_any_process_has_an_entry(argv: list[str], exe: str | None, comm: str) -> None:
    """Nothing a process may call itself raises."""
    assert entry_of(process(*argv, exe=exe, comm=comm)).line is not None


def test_a_line_is_bounded_and_keeps_an_empty_argument_visible() -> None:
    """Patterns see 8 KiB, 512 characters of a word, and no blanks to count; `--token "" -x` stays two blanks."""
    assert line_of(("x", "--token", "", "-y")) == "x --token  -y"
    assert len(line_of(("a" * 9000, "b" * 9000))) == 2 * 512 + 1
    assert line_of(("x", " " * 500, "\n" * 400, "y")) == "x  y"


@pytest.mark.parametrize(
    ("exe", "placed"),
    [
        ("/usr/bin/grep", True),
        ("/usr/local/bin/rg", True),
        ("/opt/nginx/sbin/nginx", True),
        (None, True),
        ("/tmp/sshd", False),
        ("/home/bob/grep", False),
        ("/usrlocal/grep", False),
        ("/dev/shm/vim", False),
    ],
)
def test_only_the_administrator_s_folders_vouch_for_a_name(exe: str | None, placed: bool) -> None:
    """A program in somebody's home may be called anything; one whose place is hidden is taken at its word."""
    assert well_placed(process("x", exe=exe)) is placed


def test_a_name_that_is_not_believed_makes_no_bystander() -> None:
    """Then its words count as anybody's, and it may be asked."""
    entry = entry_of(process("grep", "vllm", "serve", exe="/tmp/sshd"), believed=False)

    assert (entry.bystander, entry.daemon, entry.line) == (False, False, "grep vllm serve")
