"""Whose files an account may ask for: those of its organisation, and the banks at which that has a role.

An account without an organisation (whoever runs the gateway) is not narrowed. What is out of sight is not found, so
that nobody learns that it exists.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fastapi import Request
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from gateway.access.models import CommandRecord
from gateway.badges.models import Badge
from gateway.care.sight import OWN as CARE
from gateway.contracts.models import Contract, Holding, Notice, Party, TrustedPerson
from gateway.custody.left import whose_inside
from gateway.custody.models import Custody
from gateway.db import Database
from gateway.errors import ForbiddenError, NotFoundError
from gateway.events.models import Event
from gateway.incidents.request_models import Leave
from gateway.loans.sight import OWN as LIBRARIES
from gateway.loans.sight import library_at
from gateway.lockers.allotments import allotment_at
from gateway.lockers.models import KeyHandover, Locker, MechanicalKey, Site
from gateway.lockers.sight import Sight, sight_of
from gateway.luggage.models import DeskShift, Luggage
from gateway.money.models import Claim, MoneyMovement
from gateway.people.models import Person
from gateway.staff import addresses
from gateway.staff.belongings import belongs, site_of
from gateway.staff.models import Staff
from gateway.staff.rights import Right
from gateway.staff.service import SignedIn

# How filters, bodies and forms call what they name.
_SAID = {
    "person": "person_id", "person_id": "person_id", "contract": "contract_id", "contract_id": "contract_id",
    "badge": "badge_id", "badge_id": "badge_id", "key_id": "key_id", "bank": "bank", "block": "bank", "site": "site",
    "site_id": "site", "entry": "entry_id", "trusted_id": "trusted_id", "library": "library_id",
    "library_id": "library_id", "enrolment": "command_id", "membership_id": "membership_id", "loan_id": "loan_id",
    "project_id": "project_id", "referral_id": "referral_id", "partner_id": "partner_id",
}  # fmt: skip
# What a column of ids or numbers can hold.
_LONGEST_NUMBER = 18
# Only whoever owns or operates a bank does these there.
_RUNNING = frozenset({Right.PLACES, Right.SEE_EVENTS, Right.RECONCILE})


def require_seen(database: Database, who: SignedIn, request: Request, said: Mapping[str, Any]) -> None:
    """What the address, its filters and what was sent (`said`) name must be in sight of whoever asks.

    Raises as require_own.
    """
    if who.organisation_id is None:
        return
    sent = [*_named(said), *_named(request.query_params)]
    named = dict(sent) | {name: str(value) for name, value in request.path_params.items()}
    path, method, now = request.scope["path"], request.method, request.app.state.now()
    right, changing = addresses.asked(method, path), method not in ("GET", "HEAD")
    with database.reading() as session:
        require_own(session, who.organisation_id, named, right=right, changing=changing, now=now)
        # The same name twice, in the address and in the form: none of them hides another.
        for name, value in sent:
            if named[name] != value:
                require_own(session, who.organisation_id, {name: value}, right=right, changing=changing, now=now)


def _named(sent: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What filters, a body or a form name, as the pages read it: without spaces around."""
    for name, value in sent.items():
        if name in _SAID and isinstance(value, str) and value.strip():
            yield _SAID[name], value.strip()


def require_own(
    session: Session,
    organisation_id: str | None,
    named: Mapping[str, str],
    *,
    right: Right | None,
    changing: bool,
    now: int,
) -> None:
    """`named`: what the address names: person_id, contract_id, badge_id, key_id, bank, number, site
    and what belongings.py knows.

    Raises NotFoundError (the thing's code) for what is out of sight, ForbiddenError (`organisation`) for what only
    the bank's owner or operator may do.
    """
    if organisation_id is None:
        return
    for name in _OWN:
        if name in named and not is_own(session, organisation_id, name, named[name]):
            raise NotFoundError(name.removesuffix("_id"), f"no such {name.removesuffix('_id')}")
    sight = sight_of(session, organisation_id)
    for name, value in named.items():
        if not belongs(session, organisation_id, name, value) or not _at_seen_site(session, sight, name, value):
            raise NotFoundError(name.removesuffix("_id"), f"no such {name.removesuffix('_id')}")
    if right is Right.SEE_EVENTS and "bank" not in named:
        raise ForbiddenError("organisation", "say which bank: bank=; other organisations' banks are not yours to read")
    if "bank" in named:
        _require_bank(session, sight, named, right, changing, now)
    key = session.get(MechanicalKey, named["key_id"]) if "key_id" in named else None
    if key is not None:  # its address names no locker
        at = {"bank": key.locker.bank_id, "number": str(key.locker.number)}
        _require_bank(session, sight, at, right, changing, now)


def require_named(session: Session, who: SignedIn, now: int, **named: str) -> None:
    """For what is named in a form or a body and not in the address. Raises as require_own."""
    require_own(session, who.organisation_id, named, right=None, changing=True, now=now)


def require_running(session: Session, who: SignedIn, now: int, bank_id: str) -> None:
    """For what only the bank's owner or operator does. Raises as require_own."""
    require_own(session, who.organisation_id, {"bank": bank_id}, right=Right.PLACES, changing=True, now=now)


def require_organisation(mine: str | None, organisation_id: str) -> None:
    """For what belongs to an organisation itself: its schemes, sites and people.

    Raises ForbiddenError with code `organisation`.
    """
    if mine not in (None, organisation_id):
        raise ForbiddenError("organisation", "this belongs to another organisation")


def is_own(session: Session, organisation_id: str | None, name: str, thing_id: str) -> bool:
    """Whether an answer may name a thing, called as in an address (`contract_id`), to that organisation's accounts."""
    return organisation_id is None or _OWN[name](session, organisation_id, thing_id)


def _require_bank(
    session: Session, sight: Sight, named: Mapping[str, str], right: Right | None, changing: bool, now: int
) -> None:
    bank = named["bank"]
    if bank not in sight.seen:
        raise NotFoundError("bank", f"no bank {bank[:60]!r}")
    if bank in sight.run:
        return
    if right in _RUNNING and (changing or right is not Right.PLACES):
        raise ForbiddenError("organisation", "only the organisation that owns or operates this bank may do this")
    number = named.get("number", "")
    is_number = number.isdecimal() and len(number) <= _LONGEST_NUMBER
    if changing and is_number and not _is_theirs(session, sight, bank, int(number), now):
        raise ForbiddenError("organisation", "this locker is kept for another organisation")


def _at_seen_site(session: Session, sight: Sight, name: str, value: str) -> bool:
    site = value if name == "site" else site_of(session, name, value)
    return site is None or session.get(Site, site) is None or site in sight.sites


def _is_theirs(session: Session, sight: Sight, bank: str, number: int, now: int) -> bool:
    """Whether someone of the organisation has the locker or left something there, or waits for it where nobody did;
    where there is no such contract: whether its tools are theirs, or it is not kept for another."""
    locker = session.scalar(select(Locker).where(Locker.bank_id == bank, Locker.number == number))
    if locker is None:
        return True
    inside = whose_inside(session, locker, now)
    if inside is not None:
        return inside.person.organisation_id == sight.organisation_id
    waiting = session.scalar(
        select(Person.organisation_id)
        .join(Contract, Contract.person_id == Person.id)
        .join(Holding, Holding.contract_id == Contract.id)
        .where(Holding.locker_id == locker.id, Holding.from_at <= now, Holding.until_at > now)
        .limit(1)
    )
    if waiting is not None:
        return waiting == sight.organisation_id
    library = library_at(session, locker.id)
    if library is not None:
        return library == sight.organisation_id
    kept = allotment_at(session, locker.id, now)
    return kept is None or kept.organisation_id == sight.organisation_id


def _person(session: Session, organisation_id: str, person_id: str) -> bool:
    found = session.scalar(select(Person.organisation_id).where(Person.id == person_id))
    return found in (None, organisation_id)


def _contract(session: Session, organisation_id: str, contract_id: str) -> bool:
    """A contract is its people's: of a couple, either organisation's. One that is not there is found so later."""
    people = select(Party.person_id).where(Party.contract_id == contract_id)
    first = select(Contract.person_id).where(Contract.id == contract_id)
    found = set(session.scalars(select(Person.organisation_id).where(Person.id.in_(people) | Person.id.in_(first))))
    return not found or organisation_id in found


def _badge(session: Session, organisation_id: str, badge_id: str) -> bool:
    """A stock badge is anyone's at its site; a given one its owner's organisation's, or that of whoever trusts them."""
    badge = session.get(Badge, badge_id)
    if badge is None:
        return True
    if badge.person_id is not None:
        return _person(session, organisation_id, badge.person_id)
    if badge.staff_id is not None:
        return _staff(session, organisation_id, badge.staff_id)
    if badge.trusted_id is not None:
        return _trusted(session, organisation_id, badge.trusted_id)
    return badge.site_id in sight_of(session, organisation_id).sites


def _key(session: Session, organisation_id: str, key_id: str) -> bool:
    """Also one that is out: where another organisation's holder has it, whoever runs the bank may still take it."""
    key = session.get(MechanicalKey, key_id)
    if key is None:
        return True
    sight = sight_of(session, organisation_id)
    out = select(KeyHandover.contract_id).where(KeyHandover.key_id == key_id, KeyHandover.returned_at.is_(None))
    contract = session.scalar(out)
    is_own = contract is None or _contract(session, organisation_id, contract)
    return key.locker.bank_id in (sight.seen if is_own else sight.run)


def _of_contract(
    key: InstrumentedAttribute[str], contract: InstrumentedAttribute[str]
) -> Callable[[Session, str, str], bool]:
    """What belongs to a contract is seen by whoever sees that."""

    def is_own(session: Session, organisation_id: str, wanted: str) -> bool:
        found = session.scalar(select(contract).where(key == wanted))
        return found is None or _contract(session, organisation_id, found)

    return is_own


def _custody(session: Session, organisation_id: str, custody_id: str) -> bool:
    """What is nobody's is for whoever runs the bank where it was found."""
    custody = session.get(Custody, custody_id)
    if custody is None:
        return True
    if custody.contract_id is None:
        return custody.locker.bank_id in sight_of(session, organisation_id).run
    return _contract(session, organisation_id, custody.contract_id)


_trusted = _of_contract(TrustedPerson.id, TrustedPerson.contract_id)


def _command(session: Session, organisation_id: str, command_id: str) -> bool:
    command = session.get(CommandRecord, command_id)
    return command is None or command.bank_id in sight_of(session, organisation_id).seen


def _event(session: Session, organisation_id: str, event_id: str) -> bool:
    """What happened at a door is for whoever runs the bank, and for those whose people have or had the locker."""
    event = session.get(Event, int(event_id)) if event_id.isdecimal() and len(event_id) <= _LONGEST_NUMBER else None
    if event is None or event.bank_id in sight_of(session, organisation_id).run:
        return True
    people = select(Person.id).join(Contract, Contract.person_id == Person.id).join(Holding).join(Locker)
    theirs = people.where(Person.organisation_id == organisation_id)
    return (
        session.scalar(theirs.where(Locker.bank_id == event.bank_id, Locker.number == event.locker).limit(1))
        is not None
    )


def _claim(session: Session, organisation_id: str, claim_id: str) -> bool:
    found = session.scalar(select(Claim.person_id).where(Claim.id == claim_id))
    return found is None or _person(session, organisation_id, found)


def _movement(session: Session, organisation_id: str, movement_id: str) -> bool:
    """Of money, or of a loan's tools: an address calls both so."""
    found = session.scalar(select(MoneyMovement.organisation_id).where(MoneyMovement.id == movement_id))
    return found in (None, organisation_id) and LIBRARIES["movement_id"](session, organisation_id, movement_id)


def _shift(session: Session, organisation_id: str, shift_id: str) -> bool:
    shift = session.get(DeskShift, shift_id)
    return shift is None or _staff(session, organisation_id, shift.staff_id)


def _leave(session: Session, organisation_id: str, leave_id: str) -> bool:
    leave = session.get(Leave, leave_id)
    return leave is None or _staff(session, organisation_id, leave.staff_id)


def _staff(session: Session, organisation_id: str, staff_id: str) -> bool:
    staff = session.get(Staff, staff_id)
    return staff is None or staff.organisation_id == organisation_id


_OWN: Mapping[str, Callable[[Session, str, str], bool]] = {
    "person_id": _person,
    "contract_id": _contract,
    "badge_id": _badge,
    "key_id": _key,
    **LIBRARIES,
    **CARE,
    "trusted_id": _trusted,
    "notice_id": _of_contract(Notice.id, Notice.contract_id),
    "custody_id": _custody,
    "luggage_id": _of_contract(Luggage.id, Luggage.contract_id),
    "claim_id": _claim,
    "movement_id": _movement,
    "command_id": _command,
    "event_id": _event,
    "shift_id": _shift,
    "leave_id": _leave,
    "staff_id": _staff,
}
