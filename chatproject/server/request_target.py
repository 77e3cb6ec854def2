"""The head of a request as HTTP's standard has it, where Daphne reads it otherwise."""

from __future__ import annotations

import re
from typing import Any

# The absolute form of a target, which proxies send and every server has to take (RFC 9112, section 3.2.2).
_ABSOLUTE = re.compile(rb"https?://([^/?#]+)([^#]*)", re.IGNORECASE)

# Daphne takes the prefix of all paths from this header, also where a client sends it: it would decide where links lead.
_ROOT_PATH = b"daphne-root-path"


def standardize(request: Any) -> None:
    """Bring a request of Twisted to the origin form, without a prefix of its client's choice, its method in capitals.

    Django takes methods in any case; here a `head` would have a body.
    """
    request.method = request.method.upper()
    request.requestHeaders.removeHeader(_ROOT_PATH)
    absolute = _ABSOLUTE.fullmatch(request.uri)
    if absolute:
        host, target = absolute.groups()
        request.uri = target if target.startswith(b"/") else b"/" + target
        request.path = request.uri.split(b"?", 1)[0]
        # Of a host in the target and one in the header, the target's counts.
        request.requestHeaders.setRawHeaders(b"host", [host])
