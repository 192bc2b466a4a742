"""Schemes as the API takes and gives them; the terms are those of terms.py, whole."""

from pydantic import Field

from gateway.edge import Schema
from gateway.schemes.codes import Service
from gateway.schemes.terms import Terms, Wording


class SchemeIn(Schema):
    """A new scheme; without terms it has those of its service's template."""

    organisation_id: str = Field(min_length=1, max_length=36)
    name: str = Field(min_length=1, max_length=200, examples=["Bagagerie"])
    service: Service = Service.LOCKERS
    terms: Terms | None = None


class CopyIn(Schema):
    """The organisation that takes the scheme over, and what it calls it (the same name if left out)."""

    organisation_id: str = Field(min_length=1, max_length=36)
    name: str | None = Field(None, min_length=1, max_length=200)


class SchemeOut(Schema):
    """A scheme; `closed_at`: it takes no new contracts."""

    id: str
    organisation_id: str
    name: str
    service: Service
    terms: Terms
    copied_from: str | None
    created_at: int
    closed_at: int | None


class TemplateOut(Schema):
    """What an organisation may begin with."""

    service: Service
    name: Wording
    terms: Terms


class BroughtOut(Schema):
    """How many signed contracts and memberships got the scheme's present opening hours."""

    contracts: int
