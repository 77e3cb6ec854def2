"""`python -m chat.demo --port N`: the demo model as a server of its own."""

from __future__ import annotations

import argparse
import asyncio
import contextlib

from .server import start


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m chat.demo", description="The demo model, OpenAI-compatible."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--pace", type=float, default=1.0, help="1 writes like a human reads, 0 as fast as it can"
    )
    return parser.parse_args()


async def _serve(host: str, port: int, pace: float) -> None:
    server = await start(host, port, pace=pace)
    print(f"Demo model: {server.base_url}", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await server.close()


if __name__ == "__main__":
    chosen = _arguments()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(chosen.host, chosen.port, chosen.pace))
