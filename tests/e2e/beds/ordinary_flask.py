"""A plain Flask app, no AI."""

from stage import lay_app

from beds.bed import Bed, Place


def prepare(place: Place) -> None:
    lay_app(place, "flask_app.py", "server.py")


def command(place: Place) -> list[str]:
    return [place.python, "server.py", str(place.port)]


BED = Bed(
    name="ordinary-flask",
    venv="web",
    requires=("flask==3.1.2", "fastapi==0.121.2", "uvicorn==0.38.0"),
    prepare=prepare,
    command=command,
    ready_path="/",
)
