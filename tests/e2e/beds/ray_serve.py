"""Ray Serve with its dashboard; it binds more than loopback, so it gets a network of its own."""

from beds.bed import Bed, Place, Truth
from stage import lay_app


def prepare(place: Place) -> None:
    lay_app(place, "ray_app.py")


def command(place: Place) -> list[str]:
    ports = {"RAY_APP_PORT": "8000", "RAY_APP_DASHBOARD": "8265"}
    return ["/usr/bin/env", *(f"{key}={value}" for key, value in ports.items()), place.python, "app.py"]


BED = Bed(
    name="ray-serve",
    requires=("ray[serve]==2.60.0",),
    prepare=prepare,
    command=command,
    fixed_ports=(8000, 8265),
    netns=True,
    ready_path="/-/routes",
    ready_text="reverse",
    truths=(
        Truth(product="ray-serve", distributions=("ray",), auth=frozenset({"none"})),
        Truth(product="ray", distributions=("ray",), auth=frozenset({"required", "partial"})),
    ),
)
