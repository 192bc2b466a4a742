"""Whose badges open a contract's lockers, and from when until when."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from gateway.contracts.models import Contract, Party

ALWAYS = 1 << 62


class Member(Protocol):
    """Someone on a contract, as far as windows need it."""

    person_id: str
    from_at: int
    until_at: int | None


class Trustee(Protocol):
    """Someone trusted with its lockers, as far as windows need it."""

    id: str
    from_at: int
    until_at: int
    ended_at: int | None


class Agreement(Protocol):
    """A contract, as far as windows need it."""

    @property
    def parties(self) -> Sequence[Member]: ...

    @property
    def trusted(self) -> Sequence[Trustee]: ...


class Owned(Protocol):
    """A badge, as far as windows need it."""

    person_id: str | None
    trusted_id: str | None


class Window(NamedTuple):
    """One owner of badges may open within [from_at, until_at), both with the contract's own dates.

    `tag` keeps the names of the grants apart where the same badge comes back later; `owner` is a person's id or a
    trusted person's.
    """

    owner: str
    tag: str
    from_at: int
    until_at: int


def windows(contract: Agreement) -> Sequence[Window]:
    """Everyone who is or was on the contract, and everyone they trust or trusted."""
    people = [
        # The first one has been there from the beginning.
        Window(one.person_id, f"p{turn}" if turn else "", one.from_at if turn else 0, _or_always(one.until_at))
        for turn, one in enumerate(contract.parties)
    ]
    trusted = [
        Window(one.id, f"t{turn}", one.from_at, min(one.until_at, _or_always(one.ended_at)))
        for turn, one in enumerate(contract.trusted)
    ]
    return people + trusted


def windows_of(contract: Agreement, badge: Owned) -> Sequence[Window]:
    """Those of the badge's owner."""
    return [window for window in windows(contract) if window.owner in (badge.person_id, badge.trusted_id)]


def people_on(contract: Contract, at: int) -> Sequence[Party]:
    """Who is on the contract at `at`: one person, or a couple."""
    return [one for one in contract.parties if one.until_at is None or one.until_at > at]


def _or_always(instant: int | None) -> int:
    return ALWAYS if instant is None else instant
