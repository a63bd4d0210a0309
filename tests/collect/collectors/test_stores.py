import json

from aiguard_agent.collect.collector import Options, Sight
from aiguard_agent.collect.collectors.stores import COLLECTOR, fold
from aiguard_agent.collect.host import Host
from aiguard_agent.core.facts import Blind, BlindKind, Process

SHA = "e" * 64


def put(folder, name, data=b"GGUF"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def look(root, *processes, **options):
    host = Host(root)
    return COLLECTOR.collect(host, Options(interesting=lambda _p: True, **options), Sight(processes=tuple(processes)))


def process(**more):
    return Process(pid=77, start_ticks=1, started=0.0, exe="/usr/bin/x", **more)


def paths(sight):
    return [seen.path for seen in sight.files]


def test_usual_places_of_every_home_are_walked_and_the_rest_of_it_is_not(tmp_path):
    """Known folders of each home are found; other folders of a home are nobody's business."""
    put(tmp_path, "home/bob/.cache/llama.cpp/a.gguf")
    put(tmp_path, "home/eve/.lmstudio/models/p/b.gguf")
    put(tmp_path, "root/.cache/whisper/base.pt")
    put(tmp_path, "home/bob/private/c.gguf")

    sight = look(tmp_path)

    assert paths(sight) == [
        "/home/bob/.cache/llama.cpp/a.gguf",
        "/home/eve/.lmstudio/models/p/b.gguf",
        "/root/.cache/whisper/base.pt",
    ]
    assert "/home/bob/.cache/llama.cpp" in sight.stores


def test_ollama_blob_carries_the_name_of_its_model(tmp_path):
    """The model layer of a manifest is named by it, whatever its size; layers without weights are left out."""
    store = tmp_path / "usr/share/ollama/.ollama/models"
    put(store, f"blobs/sha256-{SHA}")
    put(store, f"blobs/sha256-{'f' * 64}", b"template")
    layers = [
        {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{SHA}"},
        {"mediaType": "application/vnd.ollama.image.template", "digest": "sha256:" + "f" * 64},
    ]
    put(store, "manifests/registry.ollama.ai/library/llama3.1/8b", json.dumps({"layers": layers}).encode())
    put(tmp_path, "etc/passwd", b"ollama:x:9:9::/usr/share/ollama:/bin/false\n")

    blobs = [seen for seen in look(tmp_path).files if "/blobs/" in seen.path]

    assert [(seen.aliases, seen.sha256, seen.store) for seen in blobs] == [(("ollama:llama3.1:8b",), SHA, "ollama")]


def test_folders_named_by_a_process_are_walked(tmp_path):
    """Variables, options and arguments of an interesting process lead to its models."""
    put(tmp_path, "big/hf/hub/models--o--n/snapshots/r/model.safetensors")
    put(tmp_path, "repo/resnet/1/model.onnx")
    put(tmp_path, "work/local/m.gguf")
    put(tmp_path, "weights/w.joblib")
    put(tmp_path, "elsewhere/n.gguf")

    sight = look(
        tmp_path,
        process(
            env=(("HF_HOME", "/big/hf"), ("LLAMA_ARG_MODEL", "/elsewhere/n.gguf"), ("MODEL_ID", "org/name")),
            argv=("serve", "--model-repository=/repo", "-m", "local/m.gguf", "--x", "/weights"),
            cwd="/work",
        ),
    )

    assert paths(sight) == [
        "/big/hf/hub/models--o--n/snapshots/r/model.safetensors",
        "/elsewhere/n.gguf",
        "/repo/resnet/1/model.onnx",
        "/weights/w.joblib",
        "/work/local/m.gguf",
    ]
    assert [seen.store for seen in sight.files] == ["huggingface", "argv", "triton", "argv", "argv"]


def test_wide_folders_homes_and_urls_in_arguments_are_not_walked(tmp_path):
    """A process that names `/`, a home, a folder without models or a URL does not send us through it."""
    put(tmp_path, "home/bob/secret/a.gguf")
    put(tmp_path, "docs/readme.txt")
    argv = ("jupyter", "--dir=/", "/home/bob", "/docs", "s3://bucket/home/bob/secret", "--model-repository", "/")

    assert paths(look(tmp_path, process(argv=argv, cwd="/"))) == []


def test_path_may_be_a_folder_or_a_file_and_a_missing_one_is_told(tmp_path):
    """`--path` walks anything, takes a file whatever its name, and says when there is nothing."""
    put(tmp_path, "data/x/a.gguf")
    put(tmp_path, "one")

    sight = look(tmp_path, paths=("/data", "/one", "/none"), stores=False)

    assert [(seen.path, seen.store) for seen in sight.files] == [("/data/x/a.gguf", "path"), ("/one", "path")]
    assert [(blind.subject, blind.kind) for blind in sight.blind] == [("/none", BlindKind.VANISHED)]


def test_stores_can_be_left_alone(tmp_path):
    """Without `stores` only what was asked for is walked."""
    put(tmp_path, "models/a.gguf")

    assert paths(look(tmp_path, stores=False)) == []


def test_spent_budget_is_told_and_the_next_pass_goes_on(tmp_path):
    """A pass that ran out says where it stopped; the following passes see everything in the end."""
    for number in range(40):
        put(tmp_path, f"models/d{number:02}/a.gguf")
    host = Host(tmp_path)
    options = Options(walk_entries=50)

    first = COLLECTOR.collect(host, options, Sight())
    second = COLLECTOR.collect(host, options, Sight())

    assert [(blind.kind, blind.subject) for blind in first.blind] == [(BlindKind.BUDGET, "/models")]
    assert "/models/d" in first.blind[0].reason
    assert 0 < len(first.files) < 40
    assert len(second.files) == 40
    assert second.blind == ()


def test_container_store_is_walked_inside_its_root_and_told_by_host_path(tmp_path):
    """A model in a container is found through its process, and reported where the host keeps it if that is known."""
    put(tmp_path, "proc/77/root/root/.cache/llama.cpp/a.gguf", b"GGUF1")
    put(tmp_path, "proc/77/root/models/b.gguf", b"GGUF22")
    put(tmp_path, "layers/root/.cache/llama.cpp/a.gguf", b"GGUF1")
    put(tmp_path, "proc/1/mountinfo", b"1 0 8:1 / / rw - ext4 a rw\n")
    put(tmp_path, "proc/77/mountinfo", b"5 4 0:60 / / rw - overlay overlay rw,upperdir=/layers\n")

    found = {seen.path: seen.reach for seen in look(tmp_path, process()).files}

    assert found == {
        "/layers/root/.cache/llama.cpp/a.gguf": "",
        "/models/b.gguf": "/proc/77/root/models/b.gguf",
    }


def test_many_blind_spots_of_a_kind_are_counted():
    """A host with a thousand closed folders gets some lines and one number, not a thousand lines."""
    blind = [
        Blind(collector="stores", subject=f"/d{number}", reason="denied", kind=BlindKind.DENIED)
        for number in range(200)
    ]

    folded = fold([*blind, *blind])

    assert len(folded) == 51
    assert sum(entry.count for entry in folded) == 200


def test_unreadable_home_is_told(tmp_path, monkeypatch):
    """A home that we may not list is a blind spot."""
    put(tmp_path, "home/bob/.cache/llama.cpp/a.gguf")
    real = Host.names

    def refuse(host, path):
        if path == "/home/bob":
            raise PermissionError(13, "Permission denied")
        return real(host, path)

    monkeypatch.setattr(Host, "names", refuse)

    assert [(blind.subject, blind.kind) for blind in look(tmp_path).blind] == [("home /home/bob", BlindKind.DENIED)]


def test_quiet_pass_repeats_the_last_survey_and_adds_what_newcomers_name(tmp_path):
    """Between thorough passes nothing is walked again, but a new server's own folder is."""
    put(tmp_path, "models/a.gguf")
    put(tmp_path, "other/b.gguf")
    host = Host(tmp_path)
    options = Options(interesting=lambda _p: True)
    newcomer = process(argv=("serve", "/other"), cwd="/")

    host.memory.begin()
    first = COLLECTOR.collect(host, options, Sight(processes=()))
    host.memory.begin()
    second = COLLECTOR.collect(host, options, Sight(processes=()))
    third = COLLECTOR.collect(host, options, Sight(processes=(newcomer,)))

    assert second is first
    assert [paths(first), paths(third)] == [["/models/a.gguf"], ["/models/a.gguf", "/other/b.gguf"]]
    assert COLLECTOR.collect(host, options, Sight(processes=(newcomer,))) is third


def test_thorough_pass_and_other_options_walk_again(tmp_path):
    """What appeared since is found by the next thorough pass, or at once when something else is asked for."""
    put(tmp_path, "models/a.gguf")
    host = Host(tmp_path)
    host.memory.begin()
    COLLECTOR.collect(host, Options(), Sight())
    put(tmp_path, "models/b.gguf")
    put(tmp_path, "extra/c.gguf")

    host.memory.begin()
    asked = COLLECTOR.collect(host, Options(paths=("/extra",)), Sight())
    while not host.memory.thorough:
        host.memory.begin()
    thorough = COLLECTOR.collect(host, Options(), Sight())

    assert paths(asked) == ["/extra/c.gguf", "/models/a.gguf", "/models/b.gguf"]
    assert paths(thorough) == ["/models/a.gguf", "/models/b.gguf"]
