"""llama-cpp-python's own server behind an API key, its model named by a configuration file."""

import json
from dataclasses import replace

from beds import llama_cpp_python
from beds.bed import Place, Truth


def prepare(place: Place) -> None:
    llama_cpp_python.prepare(place)
    models = [{"model": str(place.folder / llama_cpp_python.MODEL), "n_ctx": 64}]
    settings = {"host": "127.0.0.1", "port": place.port, "api_key": "sk-not-a-secret", "models": models}
    (place.folder / "server.json").write_text(json.dumps(settings))


def command(place: Place) -> list[str]:
    return [place.python, "-m", "llama_cpp.server", "--config_file", "server.json"]


BED = replace(
    llama_cpp_python.BED,
    name="llama-cpp-python-key",
    prepare=prepare,
    command=command,
    truths=(
        Truth(
            product="llama-cpp-python",
            distributions=("llama-cpp-python",),
            auth=frozenset({"required"}),
            model=llama_cpp_python.MODEL,
        ),
    ),
)
