"""Exports, files that are due and leave to read openings, as the API takes and gives them."""

from typing import Annotated, Any

from pydantic import Field

from gateway.edge import Schema


class ExportOut(Schema):
    """Everything about one person. Instants are unix ms, days ISO dates."""

    person_id: str
    organisation: str
    made_at: int
    tables: dict[str, list[dict[str, Any]]]
    actions: list[dict[str, Any]] = Field(description="what staff did in the file, without who")
    openings: list[dict[str, Any]] = Field(description="what staff opened from afar while it was the person's locker")


class DueOut(Schema):
    """A file in which nothing happened for the time of keeping."""

    person_id: str
    organisation_id: str
    last_at: int


class TermsIn(Schema):
    """How long an organisation keeps files after the last contact, and openings after they happened."""

    file_days: Annotated[int, Field(ge=1, le=3650)] = 730
    openings_days: Annotated[int, Field(ge=1, le=3650)] = 90


class OpeningsIn(Schema):
    """What to read of openings, and why; `note` says it in words."""

    bank: str = Field(max_length=40)
    locker: int | None = Field(None, ge=1, le=99_999)
    reason: str = Field(max_length=40, examples=["holder_asked", "incident", "police_request", "fault"])
    note: str = Field(max_length=500)
    from_at: int = Field(ge=0, le=2**53)
    until_at: int = Field(ge=0, le=2**53)


class OpeningsOut(Schema):
    """Leave to read them, until `expires_at`."""

    id: str
    bank_id: str
    locker: int | None
    reason: str
    from_at: int
    until_at: int
    asked_at: int
    expires_at: int
