"""Two people on one contract: joining, and parting, which is immediate and says nothing to the other."""

from sqlalchemy.orm import Session

from gateway.contracts import away, entry, trusted
from gateway.contracts.holders import people_on
from gateway.contracts.models import Contract, Party
from gateway.contracts.service import open_decision
from gateway.contracts.states import Action
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.people.service import open_person


def join(
    session: Session, contract_id: str, *, person_id: str, despite_exclusion: str | None = None, actor: str, now: int,
    seen: int | None = None,
) -> Contract:  # fmt: skip
    """A second person on the contract: every badge of theirs opens too, under the same dates.

    Raises NotFoundError (`person`), InvalidError (`person`), ConflictError (`party`, `transition`, `erased`, and
    `locker_taken` where they are away and the locker is promised to someone else), and as entry.require_entry.
    """
    decision = open_decision(session, contract_id, Action.JOIN, actor=actor, now=now, seen=seen)
    contract, person = decision.contract, open_person(session, person_id)
    if person.organisation_id != contract.person.organisation_id:
        raise InvalidError("person", "both people of a contract are in the files of one organisation")
    present = people_on(contract, now)
    if any(one.person_id == person.id for one in present):
        raise ConflictError("party", "this person is on the contract already")
    if len(present) > 1:
        raise ConflictError(
            "party", "two people are on the contract already: a third one needs a contract of their own"
        )
    place = 3 - present[0].place
    contract.parties.append(Party(id=new_id(now), person=person, place=place, from_at=max(now, contract.from_at)))
    despite = None
    if contract.signed_at is not None:
        despite = entry.require_entry(session, contract, [person.id], despite_exclusion=despite_exclusion, now=now)
        away.settle_grace(session, contract, now)
    entry.name_worker(session, person.id, None, actor=actor, now=now)
    decision.done("contract_joined", reason=despite)
    return contract


def part(
    session: Session, contract_id: str, *, person_id: str, actor: str, now: int, seen: int | None = None
) -> Contract:
    """Someone leaves the contract: their badges, and those of whom they trusted, stop opening at once.

    The contract goes on for the other, under whose file it is found from then on. Neither transition nor feed says who
    left. Raises NotFoundError (`party`), ConflictError (`last_party`, `transition`).
    """
    decision = open_decision(session, contract_id, Action.PART, actor=actor, now=now, seen=seen)
    leave(decision.contract, person_id, actor, now, session)
    decision.done("contract_parted")
    return decision.contract


def leave(contract: Contract, person_id: str, actor: str, now: int, session: Session) -> None:
    """Takes one of two off the contract. Raises NotFoundError (`party`), ConflictError (`last_party`)."""
    present = people_on(contract, now)
    leaving = next((one for one in present if one.person_id == person_id), None)
    if leaving is None:
        raise NotFoundError("party", "this person is not on the contract")
    others = [one for one in present if one is not leaving]
    if not others:
        raise ConflictError("last_party", "nobody else is on the contract: end it instead")
    leaving.from_at, leaving.until_at = min(leaving.from_at, now), now
    contract.person = others[0].person
    away.settle_grace(session, contract, now)
    for named in [one for one in contract.trusted if one.person_id == person_id]:
        trusted.stop(session, named, actor, now)
    for notice in contract.notices:
        if notice.person_id == person_id and notice.given_at is None:
            notice.given_at, notice.given_by = now, actor
