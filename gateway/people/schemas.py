"""People as the API takes and gives them."""

from typing import Literal

from pydantic import Field

from gateway.edge import Schema


class PersonIn(Schema):
    """A new file. `organisation_id` may be left out where there is only one organisation."""

    name: str = Field(min_length=1, max_length=200, examples=["Nadia Benali"])
    language: Literal["fr", "en", "pt"] = "fr"
    organisation_id: str | None = Field(None, max_length=36)


class SearchIn(Schema):
    """Whom to look for: how the words of a name begin, whatever the case and the accents."""

    name: str = Field(min_length=1, max_length=200, examples=["nad ben"])


class PersonOut(Schema):
    """A person supported."""

    id: str
    organisation_id: str
    name: str
    language: str
    created_at: int
