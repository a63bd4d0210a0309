"""A server that answers 200 with tempting JSON to everything, no AI."""

from dataclasses import replace

from beds import ordinary_catch_all_html
from beds.bed import Place


def command(place: Place) -> list[str]:
    return [*ordinary_catch_all_html.command(place)[:-1], "json"]


BED = replace(ordinary_catch_all_html.BED, name="ordinary-catch-all-json", command=command)
