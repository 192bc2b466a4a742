"""What pages show of contracts and badges, as plain values: the facts, the state in words, and what may be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from gateway.badges.models import Badge
from gateway.badges.service import state_of
from gateway.contracts.models import Contract
from gateway.contracts.states import TRANSITIONS, Action, State, pause_at, state_at
from gateway.days import local_day
from gateway.lockers.models import Locker
from gateway.web import words
from gateway.web.i18n import N_


@dataclass(frozen=True)
class Link:
    """One thing that may be done next."""

    url: str
    text: str
    icon: str
    style: str = "button--quiet"
    detail: str = ""


@dataclass(frozen=True)
class ContractCard:
    """One contract as staff read it; days are the last ones on which the thing still holds."""

    id: str
    version: int
    url: str
    state: str
    holder: str
    person_url: str
    locker: str
    locker_url: str
    zone: str
    starts_on: date
    ends_on: date
    grace_days: int
    collect_until: date | None
    waits: bool
    suspended_until: date | None
    reason: str
    actions: Sequence[Link]


@dataclass(frozen=True)
class BadgeCard:
    """One badge as staff read it: its short printed number, and whether it counts.

    `pin` is `set`, `missing` where its place asks for one, or empty.
    """

    id: str
    label: str
    state: str
    since: int | None
    revoke_url: str
    pin_url: str
    pin: str


_LINKS: Sequence[tuple[Action, str, str, str]] = (
    (Action.SIGN, "sign", N_("Sign the contract"), "check"),
    (Action.RESUME, "resume", N_("Resume"), "resume"),
    (Action.RENEW, "renew", N_("Extend"), "clock"),
    (Action.MOVE, "move", N_("Change locker"), "move"),
    (Action.SUSPEND, "suspend", N_("Suspend"), "pause"),
    (Action.EMPTIED, "emptied", N_("It is empty"), "to_empty"),
    (Action.END, "end", N_("End the contract"), "end"),
)

# What the same decision is called where it was taken already.
_AGAIN = {(State.SUSPENDED, Action.SUSPEND): N_("Change its end")}


def locker_url(locker: Locker) -> str:
    """The page of a locker."""
    return f"/lockers/{locker.bank_id}/{locker.number}"


def present_locker(contract: Contract, now: int) -> Locker:
    """The locker the contract leads to: the newest one it took."""
    held = [holding for holding in contract.holdings if holding.until_at > now] or contract.holdings
    return max(held, key=lambda holding: holding.from_at).locker


def contract_card(contract: Contract, now: int) -> ContractCard:
    """What is shown of a contract at `now`."""
    state = state_at(contract, now)
    locker = present_locker(contract, now)
    zone = locker.bank.site.zone
    pause = pause_at(contract, now)
    reason = words.SUSPEND_REASONS.get(pause.reason, "") if pause else ""
    if contract.end_reasons:
        reason = words.END_REASONS.get(contract.end_reasons[0].reason, contract.end_reasons[0].reason)
    over = contract.ended_at is not None
    collects = (
        state is not State.DRAFT and contract.grace_stopped_at is None and contract.collect_until > contract.until_at
    )
    return ContractCard(
        id=contract.id,
        version=contract.version,
        url=f"/contracts/{contract.id}",
        state=state.value,
        holder=contract.person.name,
        person_url=f"/people/{contract.person_id}",
        locker=f"{locker.bank.name}, {locker.number}",
        locker_url=locker_url(locker),
        zone=zone,
        starts_on=contract.starts_on,
        ends_on=local_day(zone, contract.until_at - 1) if over else contract.ends_on,
        grace_days=contract.terms.grace_days,
        collect_until=local_day(zone, contract.collect_until - 1) if collects else None,
        waits=contract.grace_stopped_at is not None,
        suspended_until=local_day(zone, pause.until_at) if pause and state is State.SUSPENDED else None,
        reason=reason,
        actions=[
            Link(f"/contracts/{contract.id}/{path}", _AGAIN.get((state, action), text), icon)
            for action, path, text, icon in _LINKS
            if (state, action) in TRANSITIONS
        ]
        + [Link(f"/contracts/{contract.id}/print", N_("Print the contract"), "info")],
    )


def badge_card(badge: Badge, *, asks_pin: bool = False) -> BadgeCard:
    """What is shown of a badge; `asks_pin` says whether its place asks for a PIN."""
    alive = badge.revoked_at is None
    return BadgeCard(
        id=badge.id,
        label=badge.label,
        state=state_of(badge),
        since=badge.given_at if alive else badge.revoked_at,
        revoke_url=f"/badges/{badge.id}/revoke" if alive else "",
        pin_url=f"/badges/{badge.id}/pin" if alive else "",
        pin="set" if badge.pin else "missing" if asks_pin and alive else "",
    )
