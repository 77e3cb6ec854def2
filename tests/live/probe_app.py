"""An application for the tests of the server: endless answers, busy consumers, failures."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import sys
from typing import Any

from chatproject.server.http import WRITE_AT_ONCE

# 16 KiB, sent again and again.
PIECE = bytes(range(256)) * 64

# Bytes that a server without backpressure would visibly hold.
LARGE = 50 * 1024 * 1024

# Of an answer whose parts the server takes without `send`, while there is room.
AT_ONCE = "at-once-"

# Frames that the busy consumer takes once it is released.
FLOOD = 10_000

said: list[str] = []
sent: dict[str, int] = {}
released = asyncio.Event()
opened = asyncio.Event()
ending = asyncio.Event()
wanted = asyncio.Event()


async def start(send: Any, *headers: tuple[bytes, bytes], status: int = 200) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def part(send: Any, body: bytes, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def body_of(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


async def large(name: str, receive: Any, send: Any) -> None:
    """Send LARGE bytes, at once where the name says so and there is room, and count those that the server has taken."""
    await body_of(receive)
    leaving = asyncio.ensure_future(receive())
    bodies: list[Any] = []
    if name.startswith(AT_ONCE):
        await send({"type": WRITE_AT_ONCE, "give": bodies.append})
    await start(send)
    for sent[name] in range(0, LARGE, len(PIECE)):
        if leaving.done():
            said.append(f"left {name}")
            return
        if bodies and bodies[0].has_room:
            bodies[0].write(PIECE)
        else:
            await part(send, PIECE)
    await part(send, b"", more=False)


async def state(receive: Any, send: Any) -> None:
    await start(send)
    await part(
        send, json.dumps({"said": said, "sent": sent, "tasks": len(asyncio.all_tasks())}).encode(), more=False
    )


async def collect(receive: Any, send: Any) -> None:
    """Free what only cycles of objects hold, so that the memory in use can be compared."""
    gc.collect()
    await state(receive, send)


async def echo(receive: Any, send: Any) -> None:
    body = await body_of(receive)
    said.append("echoed")
    await start(send)
    await part(send, f"{len(body)} {hashlib.sha256(body).hexdigest()}".encode(), more=False)


async def pieces(status: int, receive: Any, send: Any) -> None:
    """Send a body in three pieces, whatever the method and the status."""
    await start(send, (b"Content-Length", b"15"), status=status)
    for piece in (b"first", b"other"):
        await part(send, piece)
    await part(send, b"third", more=False)


async def begin(receive: Any, send: Any) -> None:
    """Send the head, and the body once it is asked for."""
    await start(send)
    await wanted.wait()
    await part(send, b"whole", more=False)


async def go_on(receive: Any, send: Any) -> None:
    wanted.set()
    await state(receive, send)


async def release(receive: Any, send: Any) -> None:
    released.set()
    await state(receive, send)


async def open_door(receive: Any, send: Any) -> None:
    opened.set()
    await state(receive, send)


async def fail_late(receive: Any, send: Any) -> None:
    await start(send)
    await part(send, b"half")
    raise RuntimeError("the secret of the prompt")


async def fail_early(receive: Any, send: Any) -> None:
    raise RuntimeError("the secret of the prompt")


async def split_header(receive: Any, send: Any) -> None:
    """Begin with a header that a client would read as two."""
    await start(send, (b"X-Name", b"a\r\nSet-Cookie: b"))
    await part(send, b"whole", more=False)


async def cancel(receive: Any, send: Any) -> None:
    await start(send)
    await part(send, b"half")
    raise asyncio.CancelledError


async def forget(receive: Any, send: Any) -> None:
    await start(send, (b"Content-Length", b"100"))
    await part(send, b"half")


async def until_the_end(receive: Any, send: Any) -> None:
    await start(send)
    await part(send, b"begin ")
    await ending.wait()
    await asyncio.sleep(0.4)  # longer than it takes to send the WebSockets away
    await part(send, PIECE * 512 + b" end", more=False)  # more than the kernel takes at once


async def busy(receive: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})
    await receive()
    await released.wait()
    numbers = [int((await receive())["text"].split()[0]) for _ in range(FLOOD)]
    await send(
        {"type": "websocket.send", "text": "in order" if numbers == list(range(FLOOD)) else "out of order"}
    )


async def mirror(receive: Any, send: Any, knocked: bool = False) -> None:
    await send({"type": "websocket.accept"})
    if not knocked:
        await receive()
    await echo_frames(receive, send)


async def echo_frames(receive: Any, send: Any) -> None:
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})
    said.append(f"closed {message['code']}")


async def queue(receive: Any, send: Any) -> None:
    """Receive frames only when many wait, send their number, and then echo."""
    await send({"type": "websocket.accept"})
    await receive()
    waiting = receive.__self__
    while waiting.qsize() < 64:  # noqa: ASYNC110 - the queue is the server's
        await asyncio.sleep(0.001)
    await send({"type": "websocket.send", "text": f"{waiting.qsize()} wait"})
    await echo_frames(receive, send)


async def outgoing(receive: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": "x" * 2 * 1024 * 1024})
    await send({"type": "websocket.send", "bytes": PIECE})


async def talk(receive: Any, send: Any) -> None:
    """Send LARGE bytes to a reader that need not read."""
    await send({"type": "websocket.accept"})
    for sent["talk"] in range(0, LARGE, len(PIECE)):
        await send({"type": "websocket.send", "bytes": PIECE})
    said.append("talked")


async def late(receive: Any, send: Any) -> None:
    await receive()
    said.append("knocked")
    await opened.wait()
    await mirror(receive, send, knocked=True)


async def slow(receive: Any, send: Any) -> None:
    """Accept after as long as a look-up takes, so that a client can leave before."""
    await asyncio.sleep(0.05)
    await mirror(receive, send)


async def broken(receive: Any, send: Any) -> None:
    """Make every check of this connection fail."""
    await send({"type": "websocket.accept"})
    receive.__self__.socket.check_timeouts = None
    await receive()
    await echo_frames(receive, send)


async def refuse(receive: Any, send: Any) -> None:
    await send({"type": "websocket.close"})


ROUTES = {
    "/state": state,
    "/collect": collect,
    "/echo": echo,
    "/begin": begin,
    "/go-on": go_on,
    "/release": release,
    "/open": open_door,
    "/fail-late": fail_late,
    "/fail-early": fail_early,
    "/split-header": split_header,
    "/cancel": cancel,
    "/forget": forget,
    "/until-the-end": until_the_end,
    "/ws/busy": busy,
    "/ws/mirror": mirror,
    "/ws/queue": queue,
    "/ws/late": late,
    "/ws/outgoing": outgoing,
    "/ws/talk": talk,
    "/ws/slow": slow,
    "/ws/broken": broken,
    "/ws/refuse": refuse,
    "/ws/fail": fail_early,
}


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    path = scope["path"]
    if path.startswith("/large/"):
        await large(path.removeprefix("/large/"), receive, send)
    elif path.startswith("/pieces/"):
        await pieces(int(path.removeprefix("/pieces/")), receive, send)
    else:
        await ROUTES[path](receive, send)


async def on_startup() -> None:
    said.append("started")


async def on_shutdown() -> None:
    sys.stdout.write("shut down\n")
    sys.stdout.flush()
    ending.set()


application.on_startup = on_startup  # type: ignore[attr-defined]
application.on_shutdown = on_shutdown  # type: ignore[attr-defined]
