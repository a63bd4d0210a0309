"""A Gradio app behind its own login."""

from dataclasses import replace

from beds import gradio
from beds.bed import Place, Truth


def command(place: Place) -> list[str]:
    return [*gradio.command(place), "someone", "not-a-secret"]


BED = replace(
    gradio.BED,
    name="gradio-login",
    command=command,
    truths=(Truth(product="gradio", distributions=("gradio",), auth=frozenset({"required", "partial"})),),
)
