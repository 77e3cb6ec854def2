"""The three hosts of a file of tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chat.testing import ScriptedModel
from tests.machines.hosts import Machines, machines


@pytest.fixture(scope="module")
def made(scripted_model: ScriptedModel, tmp_path_factory: Any) -> Iterator[Machines]:
    folder = tmp_path_factory.mktemp("machines")
    folder.chmod(0o755)
    with machines(folder, scripted_model.port) as started:
        yield started
