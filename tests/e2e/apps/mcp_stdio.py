"""An MCP server with one tool, over standard input and output."""

from mcp.server import MCPServer

server = MCPServer("reverser")


@server.tool()
def reverse(text: str) -> str:
    """Reverse a text."""
    return text[::-1]


server.run("stdio")
