"""A plain FastAPI app on uvicorn with /health and /version, no AI."""

from dataclasses import replace

from stage import lay_app

from beds import ordinary_flask
from beds.bed import Place


def prepare(place: Place) -> None:
    lay_app(place, "fastapi_app.py")


def command(place: Place) -> list[str]:
    return [place.script("uvicorn"), "app:app", "--host", "127.0.0.1", "--port", str(place.port)]


BED = replace(ordinary_flask.BED, name="ordinary-fastapi", prepare=prepare, command=command, ready_path="/health")
