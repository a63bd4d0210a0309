"""`transformers serve` on the CPU with a tiny random model, loaded by a first request."""

import json

from stage import run_app

from beds.bed import Bed, Place, Truth

MODEL = "tiny-llama/model.safetensors"


def prepare(place: Place) -> None:
    run_app(place, "write_transformer.py", str(place.folder / "tiny-llama"))
    (place.folder / "home" / ".cache" / "huggingface" / "hub").mkdir(parents=True)


def command(place: Place) -> list[str]:
    model = str(place.folder / "tiny-llama")
    return [
        place.script("transformers"),
        "serve",
        model,
        "--host",
        "127.0.0.1",
        "--port",
        str(place.port),
        "--device",
        "cpu",
    ]


def load(place: Place) -> None:
    from ground import ask

    message = {"role": "user", "content": "abc"}
    body = {"model": str(place.folder / "tiny-llama"), "messages": [message], "max_tokens": 2, "stream": False}
    ask(
        place.port,
        "/v1/chat/completions",
        method="POST",
        body=json.dumps(body),
        timeout=90,
        Content_Type="application/json",
    )


BED = Bed(
    name="transformers-serve",
    requires=("torch==2.13.0", "transformers[serving]==5.23.0"),
    prepare=prepare,
    command=command,
    patience=300.0,
    ready_path="/health",
    after_ready=load,
    truths=(
        Truth(product="transformers-serve", distributions=("transformers",), auth=frozenset({"none"}), model=MODEL),
    ),
)
