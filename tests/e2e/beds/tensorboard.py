"""TensorBoard over an empty log folder."""

from beds.bed import Bed, Place, Truth


def prepare(place: Place) -> None:
    (place.folder / "logs").mkdir()


def command(place: Place) -> list[str]:
    return [place.script("tensorboard"), "--logdir", "logs", "--host", "127.0.0.1", "--port", str(place.port)]


BED = Bed(
    name="tensorboard",
    requires=("tensorboard==2.21.0", "setuptools<81"),
    prepare=prepare,
    command=command,
    ready_path="/data/environment",
    truths=(Truth(product="tensorboard", distributions=("tensorboard",), auth=frozenset({"none"})),),
)
