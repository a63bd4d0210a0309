"""A Gradio app started as `python app.py`, open."""

from stage import lay_app

from beds.bed import Bed, Place, Truth


def prepare(place: Place) -> None:
    lay_app(place, "gradio_app.py")


def command(place: Place) -> list[str]:
    return [place.python, "app.py", str(place.port)]


BED = Bed(
    name="gradio",
    venv="gradio",
    requires=("gradio==6.31.0",),
    prepare=prepare,
    command=command,
    ready_path="/config",
    silent=True,
    truths=(Truth(product="gradio", distributions=("gradio",), auth=frozenset({"none"})),),
)
