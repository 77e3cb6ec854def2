"""A member of staff at a real server."""

from __future__ import annotations

import httpx

from chat.models import User
from tests.live.client import PLAIN_TEXT, SECONDS, new_id
from tests.live.cookies import cookie
from tests.live.harness import LiveServer

PASSWORD = "for tests of the admin only"


def staff_cookies(server: LiveServer) -> httpx.Cookies:
    """Return the cookies of a new superuser who has logged in."""
    name = new_id("staff")
    User.objects.create_superuser(name, password=PASSWORD)
    with httpx.Client(base_url=server.url, timeout=SECONDS, verify=PLAIN_TEXT) as http:
        http.get("/login/")
        form = {"login": name, "password": PASSWORD, "csrfmiddlewaretoken": cookie(http.cookies, "csrf")}
        answered = http.post("/login/", data=form, headers={"Referer": f"{server.url}/login/"})
        assert answered.status_code == 302
        return http.cookies
