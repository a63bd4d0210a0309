"""A LitServe server with one API of our own."""

from stage import lay_app

from beds.bed import Bed, Place, Truth


def prepare(place: Place) -> None:
    lay_app(place, "litserve_app.py")


def command(place: Place) -> list[str]:
    return [place.python, "app.py", str(place.port)]


BED = Bed(
    name="litserve",
    requires=("litserve==0.2.19",),
    prepare=prepare,
    command=command,
    ready_path="/health",
    silent=True,
    truths=(Truth(product="litserve", distributions=("litserve",), auth=frozenset({"none"})),),
)
