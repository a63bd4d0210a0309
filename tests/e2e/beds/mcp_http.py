"""An MCP server over streamable HTTP, started as `python app.py`."""

from stage import lay_app

from beds.bed import Bed, Place, Truth


def prepare(place: Place) -> None:
    lay_app(place, "mcp_http.py")


def command(place: Place) -> list[str]:
    return [place.python, "app.py", str(place.port)]


BED = Bed(
    name="mcp-http",
    venv="mcp",
    requires=("mcp[cli]==2.3.0",),
    prepare=prepare,
    command=command,
    ready_path="/mcp",
    silent=True,
    truths=(Truth(product="mcp-http", distributions=("mcp",), auth=frozenset({"none"})),),
)
