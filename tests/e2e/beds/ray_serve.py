"""Ray Serve with its dashboard; it binds more than loopback, so it gets a network of its own."""

from stage import lay_app

from beds.bed import Bed, Place, Truth


def prepare(place: Place) -> None:
    lay_app(place, "ray_app.py")


def command(place: Place) -> list[str]:
    return [place.python, "app.py"]


BED = Bed(
    name="ray-serve",
    requires=("ray[serve]==2.60.0",),
    prepare=prepare,
    command=command,
    patience=300.0,
    fixed_ports=(8000, 8265),
    netns=True,
    env={"RAY_APP_PORT": "8000", "RAY_APP_DASHBOARD": "8265", "RAY_APP_FOLDER": "{folder}/ray"},
    ready_path="/-/routes",
    ready_text="reverse",
    truths=(
        Truth(product="ray-serve", distributions=("ray",), auth=frozenset({"none"})),
        Truth(product="ray", distributions=("ray",), auth=frozenset({"required", "partial"}), port=8265),
    ),
)
