import errno
import time

import pytest

from aiguard_agent.collect import foreign
from aiguard_agent.collect.host import Host
from aiguard_agent.collect.locate import Locator
from aiguard_agent.collect.tops import Tops
from aiguard_agent.collect.walk import Budget, Walker
from aiguard_agent.core.facts import BlindKind, Process


@pytest.fixture
def tops(tmp_path):
    host = Host(tmp_path)
    budget = Budget(entries=1000, deadline=time.monotonic() + 60)
    return Tops(Walker(host=host, locator=Locator(host), budget=budget))


def put(folder, name):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"GGUF")


def process(*argv, **more):
    return Process(pid=5, start_ticks=1, started=0.0, argv=("program", *argv), cwd="/work", **more)


def planned(tops):
    return [(plan.store, plan.top) for plan in tops.plans]


def test_folder_is_planned_once_under_its_first_name(tops, tmp_path):
    """A home of the table that a process names again is one plan; a link to it is the same folder."""
    put(tmp_path, "root/.ollama/models/blobs/x")
    (tmp_path / "alias").symlink_to("/root/.ollama/models")

    tops.usual()
    tops.named_by(process(env=(("OLLAMA_MODELS", "/alias"),)))

    assert planned(tops) == [("ollama", "/root/.ollama/models")]


def test_store_that_is_somebodys_home_is_planned_all_the_same(tops, tmp_path):
    """Ollama's own account lives in its store on some systems."""
    put(tmp_path, "var/lib/ollama/models/blobs/x")
    put(tmp_path, "etc/passwd")
    (tmp_path / "etc/passwd").write_text("ollama:x:9:9::/var/lib/ollama:/bin/false\n")

    tops.usual()

    assert ("ollama", "/var/lib/ollama") in planned(tops)


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (("--model-repository", "/repo"), [("triton", "/repo")]),
        (("--model-repository=/repo",), [("triton", "/repo")]),
        (("--backend-store-uri", "file:///repo"), [("mlflow", "/repo")]),
        (("--default-artifact-root", "s3://repo"), []),
        (("--backend-store-uri", "sqlite:////repo/mlflow.db"), []),
        (("--lora", "sql=/repo"), [("argv", "/repo")]),
        (("/repo/../repo",), [("argv", "/repo")]),
        (("../repo",), [("argv", "/repo")]),
        (("/empty",), []),
        (("/etc",), []),
        (("/home/bob",), []),
        (("--model-repository", "/usr"), []),
        (("repo",), []),
        (("bad\0/repo",), []),
        (("--model-repository",), []),
    ],
)
def test_options_and_arguments_lead_to_folders_with_models(tops, tmp_path, argv, expected):
    """Known options count as they are; other paths only when there are models below and nothing too wide is meant."""
    for folder in ("repo/m/1", "etc", "home/bob", "usr"):
        put(tmp_path, f"{folder}/model.onnx")
    (tmp_path / "empty").mkdir()
    (tmp_path / "work").mkdir()
    tops.usual()
    tops.plans.clear()

    tops.named_by(process(*argv))

    assert planned(tops) == expected


def test_file_that_a_process_names_counts_and_a_text_does_not(tops, tmp_path):
    """`-m model.gguf` names a model that may be in no store; a configuration is none."""
    put(tmp_path, "work/m.gguf")
    put(tmp_path, "work/conf/settings.yaml")

    tops.named_by(process("-m", "m.gguf", "--config", "conf/settings.yaml"))

    assert [(seen.path, seen.store) for seen in tops.files] == [("/work/m.gguf", "argv")]


def test_remote_home_is_not_listed(tops, tmp_path):
    """Homes on NFS are skipped and told, once each."""
    put(tmp_path, "root/.cache/whisper/base.pt")
    put(tmp_path, "proc/1/mountinfo")
    (tmp_path / "proc/1/mountinfo").write_text("1 0 8:1 / / rw - ext4 a rw\n2 1 0:9 / /root rw - nfs4 nas:/r rw\n")

    tops.usual()

    assert planned(tops) == []
    assert [(blind.kind, blind.subject) for blind in tops.walker.blind] == [(BlindKind.REMOTE, "/root")]


def test_search_for_models_below_an_argument_is_bounded(tops, tmp_path):
    """A model buried deep, or behind thousands of files, is not searched for in a folder that a process names."""
    put(tmp_path, "deep/1/2/3/4/5/m.gguf")

    tops.named_by(process("/deep"))

    assert planned(tops) == []


@pytest.mark.parametrize(
    ("folder", "marker", "expected"),
    [
        ("v/lib/python3.11/site-packages/torch/testing", "", False),
        ("app/node_modules/onnxruntime", "", False),
        ("usr/lib/python3/dist-packages/x", "", False),
        ("usr/lib/libreoffice", "", False),
        ("app/venv", "app/venv/pyvenv.cfg", False),
        ("app/venv/share/x", "app/venv/pyvenv.cfg", False),
        ("src/project/tests/data", "src/project/.git/HEAD", False),
        ("src/project/tests/data", "", True),
        ("srv/tests/m", "srv/tests/m/.git/HEAD", True),
        ("src/project/weights", "src/project/.git/HEAD", True),
        ("app/data", "app/venv/pyvenv.cfg", True),
    ],
)
def test_folders_of_programs_are_not_walked_for_an_argument(tops, tmp_path, folder, marker, expected):
    """Libraries, virtual environments and the tests of a checkout hold models that nobody serves."""
    put(tmp_path, f"{folder}/model.onnx")
    if marker:
        put(tmp_path, marker)

    tops.named_by(process(f"/{folder}"))

    assert planned(tops) == ([("argv", f"/{folder}")] if expected else [])


def test_folder_of_programs_is_walked_when_it_is_meant(tops, tmp_path):
    """A variable that means models, or an option that does, names what is served, wherever it lies."""
    put(tmp_path, "v/site-packages/pkg/model.onnx")

    tops.named_by(process(env=(("MODEL_PATH", "/v/site-packages/pkg"),)))

    assert planned(tops) == [("argv", "/v/site-packages/pkg")]


def test_model_file_in_a_folder_of_programs_counts_when_named(tops, tmp_path):
    """Whoever names the file itself means it."""
    put(tmp_path, "v/site-packages/pkg/model.onnx")

    tops.named_by(process("/v/site-packages/pkg/model.onnx"))

    assert [seen.path for seen in tops.files] == ["/v/site-packages/pkg/model.onnx"]


def test_container_that_cannot_be_looked_into_is_told(tops, tmp_path, monkeypatch):
    """Without openat2 nothing inside another root is opened, and that is not "no models there"."""
    (tmp_path / "proc/5/root/models").mkdir(parents=True)
    monkeypatch.setattr(foreign, "open_in_root", no_openat2)

    tops.named_by(process())

    assert planned(tops) == []
    assert [(blind.subject, blind.kind) for blind in tops.walker.blind] == [
        ("model folders of pid 5 ()", BlindKind.UNSUPPORTED)
    ]


def no_openat2(*_arguments):
    raise OSError(errno.ENOSYS, "Function not implemented")
