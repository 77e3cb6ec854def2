"""`python -m chat.demo --port N`: the demo model as a server of its own."""

from __future__ import annotations

import argparse
import asyncio
import contextlib

from .server import start


async def _serve(host: str, port: int, pace: float) -> None:
    server = await start(host, port, pace=pace)
    print(f"Demo model: {server.base_url}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m chat.demo", description="The demo model, OpenAI-compatible.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--pace", type=float, default=1.0, help="1: human reading speed; 0: full speed")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(**vars(parser.parse_args())))
