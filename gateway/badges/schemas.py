"""Badges as the API takes and gives them: numbers go in once, and never come out."""

from enum import StrEnum

from pydantic import Field, SecretStr

from gateway.badges.models import Badge
from gateway.badges.service import REVOKE_REASONS, state_of
from gateway.edge import Schema

RevokeReason = StrEnum("RevokeReason", {name: name for name in REVOKE_REASONS})  # type: ignore[misc]


class BadgeIn(Schema):
    """A badge by its number, of which only the keyed digest is kept; without a person it is stock."""

    site_id: str | None = Field(None, max_length=36, description="may be left out where there is only one site")
    number: SecretStr = Field(max_length=128, description="technology:number", examples=["em4100:62E3086CED"])
    label: str = Field(min_length=1, max_length=64, description="the short number printed on it", examples=["M-017"])
    person_id: str | None = Field(None, max_length=36)


class GiveIn(Schema):
    """Whose it becomes."""

    person_id: str = Field(min_length=1, max_length=36)


class RevokeIn(Schema):
    """Why."""

    reason: RevokeReason = Field("lost", validate_default=True, examples=["lost"])


class PinIn(Schema):
    """What is typed at the keypad after the badge, of which only the keyed hash is kept; null takes it away."""

    pin: SecretStr | None = Field(max_length=64, description="4 to 8 digits", examples=["4711"])


class BadgeOut(Schema):
    """A badge; `state` is stock, active, revoked or replaced. `has_pin`: it opens with its PIN only."""

    id: str
    site_id: str
    label: str
    technology: str | None
    person_id: str | None
    state: str
    has_pin: bool
    registered_at: int
    revoked_at: int | None
    revoked_why: str | None


def badge_out(badge: Badge) -> BadgeOut:
    """The badge without its digest: nobody needs it outside."""
    return BadgeOut(
        id=badge.id,
        site_id=badge.site_id,
        label=badge.label,
        technology=badge.technology,
        person_id=badge.person_id,
        state=state_of(badge),
        has_pin=badge.pin is not None,
        registered_at=badge.registered_at,
        revoked_at=badge.revoked_at,
        revoked_why=badge.revoked_why,
    )
