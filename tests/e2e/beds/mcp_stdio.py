"""An MCP server over stdio below the client that started it; the client is not a server."""

from stage import lay_app

from beds.bed import Bed, Place, Truth


def prepare(place: Place) -> None:
    lay_app(place, "mcp_stdio.py", "server.py")
    lay_app(place, "host_program.py")


def command(place: Place) -> list[str]:
    return [place.python, "app.py", "ready", place.python, "server.py"]


BED = Bed(
    name="mcp-stdio",
    venv="mcp",
    requires=("mcp[cli]==2.3.0",),
    prepare=prepare,
    command=command,
    ready_file="ready",
    silent=True,
    truths=(Truth(product="mcp-stdio", distributions=("mcp",), listens=False),),
)
