"""The tool library that these tests play in."""

import pytest

from tests.unit.gateway.loans.library import Library, open_library
from tests.unit.gateway.town import Town


@pytest.fixture
def library(town: Town) -> Library:
    return open_library(town)
