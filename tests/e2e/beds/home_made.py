"""A model server that nobody has a signature of: torch, a mapped model and a port."""

from stage import lay_app, run_app

from beds import transformers_serve
from beds.bed import Bed, Place, Truth


def prepare(place: Place) -> None:
    run_app(place, "write_transformer.py", str(place.folder / "tiny-llama"))
    lay_app(place, "home_made.py", "serve.py")


def command(place: Place) -> list[str]:
    return [place.python, "serve.py", str(place.port), str(place.folder / transformers_serve.MODEL)]


BED = Bed(
    name="home-made",
    venv="transformers-serve",
    requires=transformers_serve.BED.requires,
    prepare=prepare,
    command=command,
    ready_path="/",
    truths=(Truth(product="unknown-model-server", model=transformers_serve.MODEL),),
)
