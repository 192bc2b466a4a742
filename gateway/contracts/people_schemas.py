"""The people of a contract, messages, absences, deaths and the record of decisions, as the API takes and gives them."""

from datetime import date

from pydantic import Field

from gateway.contracts.codes import AbsenceKind, DecidedBy, DespiteExclusion, Destination, NoticeWhy, Stability
from gateway.edge import Schema

_ID = Field(min_length=1, max_length=36)


class PartyIn(Schema):
    """A person who joins or leaves a contract."""

    person_id: str = _ID


class JoinIn(PartyIn):
    """A second person of a contract."""

    despite_exclusion: DespiteExclusion | None = Field(
        None, description="why, if the person is excluded from this site then; refused without it"
    )


class TrustedIn(Schema):
    """Someone a holder trusts, from the first day to the last; `badge_id` is a stock badge."""

    name: str = Field(min_length=1, max_length=200)
    from_on: date
    until_on: date
    person_id: str | None = Field(None, max_length=36, description="who trusts them; the contract's person if left out")
    badge_id: str | None = Field(None, max_length=36)


class TrustedBadgeIn(Schema):
    """A stock badge for them."""

    badge_id: str = _ID


class NoticeIn(Schema):
    """A message; the light says that one waits until it was given."""

    why: NoticeWhy = NoticeWhy.MESSAGE
    text: str | None = Field(None, max_length=2000)
    person_id: str | None = Field(None, max_length=36, description="for one of two people only")


class AbsenceIn(Schema):
    """Where someone is, and until when as far as is known; nothing happens by itself on that day."""

    kind: AbsenceKind
    from_on: date
    expected_on: date | None = None
    note: str | None = Field(None, max_length=2000)


class DeathIn(Schema):
    """What is known of a death."""

    died_on: date | None = None
    note: str | None = Field(None, max_length=2000)


class TrustedOut(Schema):
    """A trusted person; in force in [from_at, until_at), or until `ended_at`."""

    id: str
    contract_id: str
    person_id: str
    name: str
    from_on: date
    until_on: date
    from_at: int
    until_at: int
    ended_at: int | None


class NoticeOut(Schema):
    """A message; it waits while `given_at` is null."""

    id: str
    contract_id: str
    person_id: str | None
    why: NoticeWhy
    text: str | None
    left_by: str
    left_at: int
    given_by: str | None
    given_at: int | None


class TransitionOut(Schema):
    """One decision about a contract: who, what, when, why, and the states before and after."""

    number: int
    at: int
    author: str
    action: str
    from_state: str | None
    to_state: str
    reason: str | None
    note: str | None


class ContractFileOut(Schema):
    """What only whoever decides about contracts sees of one."""

    id: str
    end_decided_by: DecidedBy | None
    destination: Destination | None
    stability: Stability | None
    end_note: str | None
    trusted: list[TrustedOut]
    notices: list[NoticeOut]


class AbsenceOut(Schema):
    """An absence; it lasts while `ended_at` is null."""

    id: str
    person_id: str
    kind: AbsenceKind
    from_on: date
    expected_on: date | None
    note: str | None
    recorded_at: int
    ended_at: int | None


class DeathOut(Schema):
    """A death as reported to staff; a mistake if `withdrawn_at` says when that was found."""

    id: str
    person_id: str
    died_on: date | None
    note: str | None
    recorded_at: int
    withdrawn_at: int | None
