"""The rows of the contract suite."""

from __future__ import annotations

import pytest

from tests.contract.conftest import limited, tight  # noqa: F401  found here by pytest
from tests.dialects.ag_ui import AG_UI
from tests.dialects.dialect import Dialect

DIALECTS: tuple[Dialect, ...] = (AG_UI,)


@pytest.fixture(params=DIALECTS, ids=[dialect.name for dialect in DIALECTS])
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """Provide each dialect whose events carry marks."""
    chosen: Dialect = request.param
    return chosen
