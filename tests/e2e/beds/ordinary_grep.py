"""`grep -r vllm serve`, held up by a pipe named `serve`; no AI."""

import os

from beds.bed import Bed, Place


def prepare(place: Place) -> None:
    os.mkfifo(place.folder / "serve")


def command(place: Place) -> list[str]:
    return ["grep", "-r", "vllm", "serve"]


BED = Bed(name="ordinary-grep", programs=("grep",), prepare=prepare, command=command)
