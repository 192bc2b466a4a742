"""The tool library that these tests play in, and the application on its database."""

import pytest

from tests.unit.gateway.loans.library import Library, open_library
from tests.unit.gateway.luggage import conftest as desk
from tests.unit.gateway.town import Town

office = desk.office


@pytest.fixture
def library(town: Town) -> Library:
    return open_library(town)
