"""An MCP server with one tool, over streamable HTTP: `PORT`."""

import sys

from mcp.server import MCPServer

server = MCPServer("reverser")


@server.tool()
def reverse(text: str) -> str:
    """Reverse a text."""
    return text[::-1]


server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
