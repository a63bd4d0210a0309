"""A client that keeps one stdio server running: `READY_FILE COMMAND...`."""

import asyncio
import sys
from pathlib import Path

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def main() -> None:
    ready, command, *arguments = sys.argv[1:]
    server = StdioServerParameters(command=command, args=arguments)
    async with stdio_client(server) as (reading, writing), ClientSession(reading, writing) as session:
        await session.initialize()
        Path(ready).write_text("up")
        await asyncio.Event().wait()


asyncio.run(main())
