"""The server of the probe application that the tests of a module share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.probe import ProbeServer


@pytest.fixture(scope="module")
def probe() -> Iterator[ProbeServer]:
    """Provide the server that tests share."""
    made = ProbeServer()
    made.state()  # once it serves, its memory can be compared
    yield made
    made.process.kill()
    made.process.communicate()
