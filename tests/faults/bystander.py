"""Command `python -m tests.faults.bystander`: an ordinary user of a server, who measures how long first bytes take.

It prints the address of a model of its own, reads the server's URL and a token, and sends prompts until its input ends.
Then it prints the seconds of each as JSON. It is a process of its own, so that the work of attackers beside it costs it
nothing but the machine's time.
"""

from __future__ import annotations

import json
import sys
import threading
import time

import httpx

from chat.testing import ScriptedModel
from tests.live.client import PLAIN_TEXT, body_of

# Seconds between two prompts.
PAUSE = 0.1
# Seconds after which a prompt counts as lost.
LOST = 30.0


def main() -> None:
    with ScriptedModel() as model:
        print(model.base_url, flush=True)
        url, token = sys.stdin.readline().split()
        over = threading.Event()
        threading.Thread(target=_set_at_end_of_input, args=(over,), daemon=True).start()
        print(json.dumps(measure(url, token, over)), flush=True)


def _set_at_end_of_input(over: threading.Event) -> None:
    sys.stdin.read()
    over.set()


def measure(url: str, token: str, over: threading.Event) -> list[float]:
    """Return the seconds from each request to the first byte of its answer."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=headers, timeout=LOST, verify=PLAIN_TEXT) as client:
        seconds = list[float]()
        while not over.wait(PAUSE):
            seconds.append(first_byte(client))
        return seconds


def first_byte(client: httpx.Client) -> float:
    """Return the seconds until the first byte of an answer; LOST where none comes."""
    began = time.monotonic()
    body = body_of("Say hello", model="calm")
    try:
        with client.stream("POST", "/api/chat", json=body) as answer:
            chunks = answer.iter_raw()
            first = next(chunks, b"") if answer.status_code == 200 else b""
            took = time.monotonic() - began
            for _ in chunks:
                continue
    except httpx.HTTPError:
        return LOST
    return took if first else LOST


if __name__ == "__main__":
    main()
