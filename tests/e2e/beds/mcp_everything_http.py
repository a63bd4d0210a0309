"""The npm server "everything" over streamable HTTP; it binds every address, so it gets a network of its own."""

from beds.bed import Bed, Place, Truth

PACKAGE = "@modelcontextprotocol/server-everything"


def command(place: Place) -> list[str]:
    return ["node", str(place.venv / "node_modules" / PACKAGE / "dist" / "index.js"), "streamableHttp"]


BED = Bed(
    name="mcp-everything-http",
    venv="mcp-everything",
    npm=(f"{PACKAGE}@2026.8.31",),
    programs=("node",),
    command=command,
    env={"PORT": "3001"},
    fixed_ports=(3001,),
    netns=True,
    ready_path="/mcp",
    truths=(Truth(product="mcp-http", distributions=(PACKAGE,), auth=frozenset({"none"}), scope="any"),),
)
