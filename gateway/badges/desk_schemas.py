"""What the desk sends and sees about stock badges and lost ones."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from gateway.badges.replacing import LOST_REASONS, MAX_NOTE, How
from gateway.badges.schemas import BadgeOut
from gateway.edge import Schema

LostReason = StrEnum("LostReason", {name: name for name in LOST_REASONS})  # type: ignore[misc]


class RecognisedIn(Schema):
    """How the person was recognised; no identity card is asked for. The note is sealed."""

    how: How = Field(examples=["known_to_staff"])
    note: str | None = Field(None, max_length=MAX_NOTE)


class RecognisedOut(Schema):
    """How whoever has a badge was recognised, and by whom (`staff_id`)."""

    how: str
    note: str | None
    staff_id: str
    at: int


class WhichBadge(Schema):
    """One badge: by its printed number, its id, or the enrolment order at which it was presented."""

    printed: str | None = Field(None, max_length=32, examples=["M-017"])
    badge_id: str | None = Field(None, max_length=36)
    enrolment: str | None = Field(None, max_length=36)

    @model_validator(mode="after")
    def exactly_one(self) -> Self:
        """Raises ValueError unless one of the three names the badge."""
        if sum(value is not None for value in (self.printed, self.badge_id, self.enrolment)) != 1:
            raise ValueError("name one badge: printed, badge_id or enrolment")
        return self


class AssignIn(WhichBadge):
    """A badge for a person, or for the trusted person of a contract."""

    site_id: str | None = Field(None, max_length=36, description="may be left out where there is only one site")
    person_id: str | None = Field(None, max_length=36)
    trusted_id: str | None = Field(None, max_length=36)
    recognised: RecognisedIn | None = None

    @model_validator(mode="after")
    def one_owner(self) -> Self:
        """Raises ValueError unless there is one owner."""
        if (self.person_id is None) == (self.trusted_id is None):
            raise ValueError("name one owner: person_id or trusted_id")
        return self


class ReplaceIn(WhichBadge):
    """Why the old badge does not count any more, the new one, and how its owner was recognised."""

    reason: LostReason = Field("lost", validate_default=True)
    recognised: RecognisedIn


class EnrolIn(Schema):
    """Where the badge will be presented."""

    bank: str = Field(max_length=40)


class EnrolledIn(Schema):
    """The short number printed on the badge that was presented."""

    printed: str = Field(min_length=1, max_length=32, examples=["M-017"])


class CountsOut(Schema):
    """Badges in stock, in use, and dead by why; those not returned are counted and never charged."""

    stock: int
    in_use: int
    dead: dict[str, int]


class ReplacedOut(Schema):
    """The dead badge and the one that works now."""

    old: BadgeOut
    new: BadgeOut
