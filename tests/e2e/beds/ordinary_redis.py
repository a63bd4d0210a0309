"""Redis, no AI."""

from beds.bed import Bed, Place


def command(place: Place) -> list[str]:
    return ["redis-server", "--bind", "127.0.0.1", "--port", str(place.port), "--save", "", "--daemonize", "no"]


BED = Bed(name="ordinary-redis", programs=("redis-server",), command=command, ready_connect=True)
