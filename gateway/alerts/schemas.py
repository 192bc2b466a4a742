"""Alert channels and letters as the API takes and gives them; an address is taken and never given back."""

from typing import Annotated

from pydantic import Field

from gateway.alerts.kinds import URGENT, Kind
from gateway.edge import Schema

Minute = Annotated[int, Field(ge=0, le=1439, description="minutes after midnight")]


class QuietHours(Schema):
    """From this time of the day until that one, past midnight if it comes first."""

    from_minute: Minute
    until_minute: Minute


class ChannelIn(Schema):
    """A new address to tell, as an apprise URL."""

    label: str = Field(min_length=1, max_length=100)
    address: str = Field(min_length=3, max_length=1000, examples=["mailtos://user:password@example.org"])
    site_id: str | None = Field(None, max_length=36, description="only this site; all of them without it")
    kinds: list[Kind] = Field(default_factory=lambda: list(Kind))
    urgent: list[Kind] = Field(default_factory=lambda: list(URGENT), description="told in quiet hours too")
    quiet: QuietHours | None = None
    language: str = Field("fr", max_length=8)
    zone: str = Field("Europe/Paris", max_length=64, description="of the quiet hours, where there is no site")


class ChannelOut(Schema):
    """An address that is told, without the address."""

    id: str
    site_id: str | None
    label: str
    language: str
    zone: str
    kinds: list[str]
    urgent: list[str]
    quiet_from: int | None
    quiet_until: int | None
    created_at: int
    disabled_at: int | None


class LetterOut(Schema):
    """One alert on its way to one channel: waiting, sent, given_up or not_needed."""

    id: str
    channel_id: str
    kind: str
    site_id: str
    bank: str | None
    locker: int | None
    since: int
    state: str
    attempts: int
    due_at: int
    settled_at: int | None
