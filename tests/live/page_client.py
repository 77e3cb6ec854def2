"""Requests of a browser to the server's forms, for clients with cookies."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx

from tests.live.client import Client, body_of, new_id
from tests.live.cookies import cookie

PASSWORD = "correct horse battery"


def submit(client: Client, path: str, **fields: str) -> httpx.Response:
    """Load a page with a form and send the form; redirects are not followed."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(path).text)
    assert found, f"{path} has no form"
    return client.http.post(path, data={"csrfmiddlewaretoken": found[1], **fields})


def sign_up(client: Client, name: str = "") -> str:
    """Create an account; return its name."""
    name = name or new_id("person")
    answer = submit(client, "/signup/", username=name, password1=PASSWORD, password2=PASSWORD)
    assert (answer.status_code, answer.headers.get("location")) == (302, "/"), alerts(answer)
    return name


def session_key(client: Client) -> str:
    """Return the key in the client's session cookie."""
    return cookie(client.http.cookies, "session")


def sign_in(client: Client, name: str, password: str = PASSWORD) -> httpx.Response:
    return submit(client, "/login/", login=name, password=password)


def alerts(answer: httpx.Response) -> list[str]:
    """Return the error messages of a page."""
    return [html.unescape(words.strip()) for words in re.findall(r'role="alert">(.*?)</p>', answer.text)]


def csrf(client: Client) -> dict[str, str]:
    return {"X-CSRFToken": client.get("/api/session").json()["csrfToken"]}


def thread_ids(client: Client) -> set[str]:
    return {thread["threadId"] for thread in client.get("/api/threads", archived="any").json()["threads"]}


def send(client: Client, words: Any, **ids: str) -> str:
    """Send a prompt and wait for the answer; return the id of the thread."""
    answered = client.http.post("/api/chat", json=body_of(words, **ids))
    assert answered.status_code == 200, answered.text
    return str(answered.headers["x-thread-id"])
