"""A server that answers 200 with a page to everything, no AI."""

import sys

from stage import lay_app

from beds.bed import Bed, Place


def prepare(place: Place) -> None:
    lay_app(place, "catch_all.py")


def command(place: Place) -> list[str]:
    return [sys.executable, "app.py", str(place.port), "html"]


BED = Bed(name="ordinary-catch-all-html", prepare=prepare, command=command, ready_path="/")
