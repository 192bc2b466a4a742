"""Judges each release against contracts and commands as of its moment; what should not have opened is a breach."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from msgspec import Struct
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from gateway.access.listed import ListedContract, ListedHolding, contracts_of_owner
from gateway.access.models import CommandRecord
from gateway.badges.models import Badge
from gateway.contracts.holders import windows_of
from gateway.contracts.states import State, pause_at, state_at
from gateway.events.plainly import questionable
from gateway.events.service import record
from gateway.loans.grants import over_at
from gateway.loans.listed import ListedLoan, loans_of_person
from gateway.lockers.models import Bank
from gateway.prepared import PreparedForSome, some
from wire.entries import Entry, EntryType

# So far behind may a clock be that a bank trusts; and a card that is registered lies on the desk just before.
CLOCKS_DIFFER_MS = 5 * 60_000


@dataclass(frozen=True)
class Breach:
    """Why a release should not have been: revoked, ended, suspended, waits, moved, not_yet, no_contract, no_command.

    `since`: the instant from which it was no longer right, where there is one.
    """

    why: str
    since: int | None = None
    badge: str | None = None
    contract: str | None = None
    command: str | None = None


class Shown(Struct):
    """A badge with the digest of a release; `begins_at`: since when it is somebody's."""

    id: str
    begins_at: int
    person_id: str | None
    trusted_id: str | None
    staff_id: str | None
    valid_until: int | None
    revoked_at: int | None


@dataclass(frozen=True)
class Known:
    """What the database says of the badges and commands of some releases; contracts and loans by their owner."""

    badges: Mapping[str, Sequence[Shown]]
    contracts: Mapping[str, Sequence[ListedContract]]
    commands: Mapping[str, CommandRecord]
    loans: Mapping[str, Sequence[ListedLoan]]


# Made once: what SQLAlchemy needs to recognise a statement takes longer than to carry it out.
_SHOWN = PreparedForSome(
    lambda size: (
        select(
            Badge.digest,
            Badge.id,
            func.coalesce(Badge.given_at, Badge.registered_at),
            Badge.person_id,
            Badge.trusted_id,
            Badge.staff_id,
            Badge.valid_until,
            Badge.revoked_at,
        )
        .join(Bank, Bank.site_id == Badge.site_id)
        .where(Bank.id == bindparam("bank"), Badge.digest.in_(some("digest", size)))
        .order_by(Badge.registered_at, Badge.id)
    )
)


def judge_releases(session: Session, bank_id: str, entries: Sequence[Entry], *, now: int) -> int:
    """Records a `breach` for each release among these new entries that was not right; says how many there were."""
    releases = [entry for entry in entries if entry.type == EntryType.RELEASE_INTENDED]
    if releases:
        releases = questionable(session.connection(), bank_id, releases)
    if not releases:
        return 0
    known = _known(session, bank_id, releases)
    breaches = 0
    for entry in releases:
        breach = judge(entry, bank_id, known)
        if breach is not None:
            breaches += 1
            _record(session, bank_id, entry, breach, now)
    return breaches


def judge(entry: Entry, bank_id: str, known: Known) -> Breach | None:
    """What was wrong with this release at its moment, or None."""
    command, digest, locker = (entry.body.get(name) for name in ("command", "digest", "locker"))
    if entry.body.get("origin") == "on_site" or entry.body.get("cause") == "commission":
        return None  # a technician's at the bank itself, with its reason: told, and no order of ours
    if isinstance(command, str):
        order = known.commands.get(command)
        right = order is not None and order.bank_id == bank_id and _orders(order, locker)
        return None if right else Breach("no_command", command=command[:64])
    if not isinstance(digest, str):
        return Breach("no_contract")
    badges = known.badges.get(digest, ())
    if not badges:
        return Breach("no_contract")
    # A card that was found is registered again: what it was at that moment counts, not what it became later.
    begun = [badge for badge in badges if badge.begins_at <= entry.at + CLOCKS_DIFFER_MS]
    return _badge_breach(begun[-1] if begun else badges[0], entry.at, bank_id, locker, known)


def _orders(order: CommandRecord, locker: object) -> bool:
    if order.kind == "walk_test":
        return locker in order.args.get("lockers", ())
    return order.kind == "open" and order.locker == locker


def _badge_breach(badge: Shown, at: int, bank_id: str, locker: object, known: Known) -> Breach | None:
    if badge.revoked_at is not None and badge.revoked_at <= at:
        return Breach("revoked", badge.revoked_at, badge.id)
    if badge.staff_id is not None:
        over = badge.valid_until is not None and badge.valid_until <= at
        return Breach("ended", badge.valid_until, badge.id) if over else None
    verdicts = [
        _contract_breach(contract, hold, badge, at)
        for contract in known.contracts.get(badge.person_id or badge.trusted_id or "", ())
        for hold in contract.holdings
        if (hold.bank_id, hold.number) == (bank_id, locker)
    ]
    verdicts += [
        _loan_breach(loan, badge, at) for loan in known.loans.get(badge.person_id or "", ()) if loan.number == locker
    ]
    if not verdicts:
        return Breach("no_contract", None, badge.id)
    return None if None in verdicts else verdicts[-1]


def _loan_breach(loan: ListedLoan, badge: Shown, at: int) -> Breach | None:
    """What a loan through this locker says of its member's badge."""
    if at < loan.from_at:
        return Breach("not_yet", None, badge.id)
    return Breach("ended", over_at(loan), badge.id) if at >= over_at(loan) else None


def _contract_breach(contract: ListedContract, hold: ListedHolding, badge: Shown, at: int) -> Breach | None:
    if contract.frozen_at is not None and contract.frozen_at <= at:
        return Breach("suspended", contract.frozen_at, badge.id, contract.id)
    over = _window_breach(contract, badge, at)
    if over is not None:
        return over
    state = state_at(contract, at)
    if state in (State.ACTIVE, State.ENDING):
        if hold.until_at <= at:
            return Breach("moved", hold.until_at, badge.id, contract.id)
        waits = hold.waits_since is not None and hold.waits_since <= at
        return Breach("waits", hold.waits_since, badge.id, contract.id) if waits else None
    if state is State.SUSPENDED:
        pause = pause_at(contract, at)
        return Breach("suspended", pause.from_at if pause else None, badge.id, contract.id)
    if state is State.ENDED:
        return Breach("ended", contract.collect_until, badge.id, contract.id)
    return Breach("not_yet", None, badge.id, contract.id)


def _window_breach(contract: ListedContract, badge: Shown, at: int) -> Breach | None:
    """Whether the badge's owner was not on the contract then, or no longer trusted."""
    mine = windows_of(contract, badge)
    if any(window.from_at <= at < window.until_at for window in mine):
        return None
    before = [window.until_at for window in mine if window.until_at <= at]
    return (
        Breach("ended", max(before), badge.id, contract.id)
        if before
        else Breach("not_yet", None, badge.id, contract.id)
    )


def _known(session: Session, bank_id: str, releases: Sequence[Entry]) -> Known:
    digests = {value for entry in releases if _is_code(value := entry.body.get("digest"))}
    orders = {value for entry in releases if _is_code(value := entry.body.get("command"))}
    session.flush()  # the questions below do not see what is pending
    badges: dict[str, list[Shown]] = defaultdict(list)
    if digests:
        for digest, *facts in _SHOWN.run(session.connection(), {"bank": bank_id}, digest=sorted(digests)):
            badges[digest].append(Shown(*facts))
    shown = [badge for same in badges.values() for badge in same]
    people = {badge.person_id for badge in shown if badge.person_id}
    owners = people | {badge.trusted_id for badge in shown if badge.trusted_id}
    return Known(
        badges,
        {owner: contracts_of_owner(session, owner) for owner in owners},
        _commands(session, orders) if orders else {},
        {person: loans_of_person(session, bank_id, person) for person in people},
    )


def _is_code(value: object) -> TypeGuard[str]:
    """What a bank sends is not always what it should be, and a database does not take every string."""
    return isinstance(value, str) and len(value) <= 36 and value.isascii() and value.isprintable()


def _commands(session: Session, ids: Collection[str]) -> Mapping[str, CommandRecord]:
    return {row.id: row for row in session.scalars(select(CommandRecord).where(CommandRecord.id.in_(ids)))}


def _record(session: Session, bank_id: str, entry: Entry, breach: Breach, now: int) -> None:
    locker, release = entry.body.get("locker"), entry.body.get("release")
    record(
        session,
        "breach",
        now=now,
        at=entry.at,
        bank_id=bank_id,
        locker=locker if type(locker) is int and 1 <= locker <= 99_999 else None,
        why=breach.why,
        late_ms=None if breach.since is None else entry.at - breach.since,
        since=breach.since,
        badge=breach.badge,
        contract=breach.contract,
        command=breach.command,
        release=release if isinstance(release, str) else None,
        clock=entry.clock,
    )
