"""The application on the town's database, for pages of places and schemes."""

from tests.unit.gateway.luggage import conftest as desk

office = desk.office
