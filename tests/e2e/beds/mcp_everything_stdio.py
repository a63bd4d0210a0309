"""The npm server "everything" over stdio, started as its package's command."""

from dataclasses import replace

from beds import mcp_everything_http
from beds.bed import Place, Truth


def command(place: Place) -> list[str]:
    return [str(place.venv / "node_modules" / ".bin" / "mcp-server-everything"), "stdio"]


BED = replace(
    mcp_everything_http.BED,
    name="mcp-everything-stdio",
    command=command,
    stdin=True,
    netns=False,
    fixed_ports=(),
    ready_path="",
    env={},
    truths=(Truth(product="mcp-stdio", distributions=(mcp_everything_http.PACKAGE,), listens=False),),
)
