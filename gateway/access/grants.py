"""What one contract or staff badge puts into an access list. Grant ids are stable from list to list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.access.listed import ListedBadge, ListedContract, ListedHolding
from gateway.access.schedules import schedule_name
from gateway.contracts.holders import Window, windows
from gateway.contracts.holdings import UNDECIDED
from gateway.contracts.states import State, pause_end, state_at
from wire.access_list import Grant, Kind, Revoked
from wire.limits import MIN_INSTANT

LOCKERS_A_GRANT = 100
BADGE_TAIL = 12  # characters of a badge id in the names of its grants


@dataclass(frozen=True)
class Lines:
    """Grants, and what counts no more."""

    grants: list[Grant]
    revoked: list[Revoked]


def contract_lines(
    contract: ListedContract, badges: Mapping[str, Sequence[ListedBadge]], bank_id: str, now: int
) -> Lines:
    """The contract's holder, collect and suspended grants at one bank for its people's badges, by owner; past and
    future dates included.

    Opening hours, where the contract has them, stand in what opens; a locker that still has a key has no grants. A
    dead badge's, an ended contract's, or those of someone who is no longer on it, are listed as revoked under the same
    ids. While the contract waits for a locker, the badge is told so by the light and opens nothing.
    """
    lines = Lines([], [])
    theirs = [(window, badge) for window in windows(contract) for badge in badges.get(window.owner, ())]
    for window, badge in theirs:
        grants: list[Grant] = []
        stem = f"{contract.id[-12:]}{badge.id[-BADGE_TAIL:]}{window.tag}"
        for number, holding in enumerate(contract.holdings):
            if holding.bank_id == bank_id and holding.lock == "badge":
                grants += _holding_grants(contract, holding, badge, window, f"{stem}-{{}}{number}", now)
        why = _why_dead(contract, badge, window, now)
        if why is None:
            lines.grants.extend(grants)
        else:
            lines.revoked.extend(Revoked(grant.id, grant.digest, why) for grant in grants)
    return lines


def _holding_grants(
    contract: ListedContract, holding: ListedHolding, badge: ListedBadge, window: Window, name: str, now: int
) -> list[Grant]:
    hours = schedule_name(contract.terms.hours) if contract.terms.hours else None
    notice = _notice_waits(contract, window.owner)

    def grant(kind: Kind, tag: str, start: int, end: int) -> Grant:
        # A contract may be older than what the wire can say.
        begin = max(start, holding.from_at, window.from_at, MIN_INSTANT)
        opens = None if kind is Kind.SUSPENDED else hours
        return Grant(
            id=name.format(tag),
            digest=badge.digest,
            key=badge.key_id,
            lockers=(holding.number,),
            not_before=begin,
            not_after=max(begin, min(end, holding.until_at, window.until_at)),
            kind=kind.value,
            hours=opens,
            pin=None if kind is Kind.SUSPENDED else badge.pin,
            notice=notice and kind is not Kind.SUSPENDED,
            needs=("hours",) if opens else (),
        )

    lines = [
        grant(Kind.HOLDER, "h", contract.from_at, contract.until_at),
        grant(Kind.COLLECT, "c", contract.until_at, contract.collect_until),
    ]
    for number, pause in enumerate(contract.suspensions):
        end = min(pause_end(pause), contract.until_at)
        if end > max(now, pause.from_at):
            lines.append(grant(Kind.SUSPENDED, f"s{number}-", pause.from_at, end))
    if holding.waits_since is not None:
        lines.append(grant(Kind.SUSPENDED, "w", contract.from_at, UNDECIDED))
    if contract.frozen_at is not None:
        lines.append(grant(Kind.SUSPENDED, "f", contract.frozen_at, UNDECIDED))
    return lines


def _notice_waits(contract: ListedContract, owner: str) -> bool:
    """Whether a message waits for this person of the contract; never for someone they trust."""
    if None not in contract.waiting and owner not in contract.waiting:
        return False
    return all(one.id != owner for one in contract.trusted)


def _why_dead(contract: ListedContract, badge: ListedBadge, window: Window, now: int) -> str | None:
    if badge.revoked_at is not None:
        return "replaced" if badge.revoked_why == "replaced" else "revoked"
    return "ended" if window.until_at <= now or state_at(contract, now) is State.ENDED else None


def staff_lines(badge: ListedBadge, lockers: list[int]) -> Lines:
    """A staff badge may open any locker of the bank, in parts that fit a grant, as long as the lease lives."""
    kind = Kind.TECHNICIAN if badge.role == "technician" else Kind.STAFF
    start = badge.given_at or badge.registered_at
    parts = [lockers[at : at + LOCKERS_A_GRANT] for at in range(0, len(lockers), LOCKERS_A_GRANT)]
    names = [f"staff-{badge.id[-BADGE_TAIL:]}-{number}" for number in range(len(parts))]
    if badge.revoked_at is not None:
        return Lines([], [Revoked(name, badge.digest, "revoked") for name in names])
    grants = [
        Grant(
            name, badge.digest, badge.key_id, tuple(part), start, badge.valid_until or start, kind.value, pin=badge.pin
        )
        for name, part in zip(names, parts, strict=True)
    ]
    return Lines(grants, [])
