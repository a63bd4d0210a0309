"""llama-cpp-python's own server with a tiny GGUF, open."""

from stage import run_app

from beds.bed import Bed, Place, Truth

MODEL = "tiny-llama.gguf"


def prepare(place: Place) -> None:
    run_app(place, "write_gguf.py", str(place.folder / MODEL))


def command(place: Place) -> list[str]:
    return [
        place.python,
        "-m",
        "llama_cpp.server",
        "--model",
        str(place.folder / MODEL),
        "--n_ctx",
        "64",
        "--port",
        str(place.port),
    ]


BED = Bed(
    name="llama-cpp-python",
    venv="llama-cpp-python",
    requires=("llama-cpp-python[server]==0.3.36", "gguf==0.19.0"),
    prepare=prepare,
    command=command,
    ready_path="/v1/models",
    truths=(
        Truth(product="llama-cpp-python", distributions=("llama-cpp-python",), auth=frozenset({"none"}), model=MODEL),
    ),
)
