"""Command `python -m tests.benchmarks.floor PORT MODEL_PORT SCRIPT`: a relay on uvloop that stores nothing.

No server that relays text in Python takes less: the route without its framework, its checks and its log.
"""

from __future__ import annotations

import asyncio
import sys

import msgspec
import uvloop

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
ASK = "POST /v1/chat/completions HTTP/1.1\r\nHost: model\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}"
EVENT = b"data: {"
DONE = b"0\r\n\r\n"


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request on a connection: ask the model, and pass each delta's text on as a chunk."""
    await reader.readuntil(b"\r\n\r\n")
    source, model = await asyncio.open_connection("127.0.0.1", int(sys.argv[2]))
    body = msgspec.json.encode({"model": sys.argv[3], "stream": True, "messages": []}).decode()
    model.write(ASK.format(len(body), body).encode())
    writer.write(HEAD)
    left = b""
    while not left.endswith(DONE) and (data := await source.read(65_536)):
        *events, left = (left + data).split(b"\n\n")
        texts = [_text(event.partition(EVENT)[2]) for event in events if EVENT in event]
        if text := b"".join(texts):
            writer.write(b"%x\r\n%b\r\n" % (len(text), text))
    writer.write(DONE)
    model.close()
    writer.close()


def _text(fields: bytes) -> bytes:
    return str(msgspec.json.decode(b"{" + fields)["choices"][0]["delta"].get("content") or "").encode()


async def serve() -> None:
    await (await asyncio.start_server(relay, "127.0.0.1", int(sys.argv[1]), backlog=4096)).serve_forever()


if __name__ == "__main__":
    uvloop.run(serve())
