"""What pages show of contracts and badges, as plain values: the facts, the state in words, and what may be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from gateway.badges.models import Badge
from gateway.badges.service import state_of
from gateway.contracts import words as contract_words
from gateway.contracts.decisions import AFTER_DEATH
from gateway.contracts.holders import people_on
from gateway.contracts.holdings import asks_for_decision
from gateway.contracts.models import Contract, Suspension
from gateway.contracts.service import one_more_term
from gateway.contracts.states import TRANSITIONS, Action, State, pause_ahead, pause_at, state_at
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
    is_likely: bool = False


@dataclass(frozen=True)
class Waiting:
    """A message that waits: why (an English message), what to say, for whom of a couple (empty: for both)."""

    id: str
    why: str
    text: str
    whom: str
    at: int


@dataclass(frozen=True)
class ContractCard:
    """One contract as staff read it; days are the last ones on which the thing still holds.

    `people` are those on it now; `fetch` and `fetch_note` say how things are got at while it is suspended;
    `suspended_from` is the first day of a suspension that is planned; `renew_until` is the last day after one more
    term, where renewing is near.
    """

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
    suspended_from: date | None
    suspended_until: date | None
    fetch: str
    fetch_note: str
    reasons: Sequence[str]
    people: Sequence[str]
    trusted: Sequence[str]
    waiting: Sequence[Waiting]
    renew_until: date | None
    end_known: Sequence[str]
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
    (Action.EMPTIED, "emptied", N_("It is empty"), "to_empty"),
    (Action.LEAVE_NOTICE, "message", N_("Leave a message"), "message"),
    (Action.TRUST, "people", N_("Who may open"), "people"),
    (Action.RENEW, "renew", N_("Extend"), "clock"),
    (Action.MOVE, "move", N_("Change locker"), "move"),
    (Action.SUSPEND, "suspend", N_("Suspend"), "pause"),
    (Action.SAY_HOW, "how", N_("How it ended"), "info"),
    (Action.END, "end", N_("End the contract"), "end"),
)
# What is likely to be wanted in a state; the rest is folded away.
_LIKELY = frozenset(
    {
        (State.DRAFT, Action.SIGN),
        (State.UPCOMING, Action.TRUST),
        (State.ACTIVE, Action.LEAVE_NOTICE),
        (State.ACTIVE, Action.RESUME),
        (State.ACTIVE, Action.TRUST),
        (State.SUSPENDED, Action.RESUME),
        (State.SUSPENDED, Action.SUSPEND),
        (State.ENDING, Action.EMPTIED),
        (State.ENDING, Action.LEAVE_NOTICE),
    }
)
# A renewal is offered in one tap this many days before the last day.
_SOON_DAYS = 31

# What the same decision is called where it was taken already, or is not in force yet.
_AGAIN = {
    (State.SUSPENDED, Action.SUSPEND): N_("Change its end"),
    (State.ACTIVE, Action.RESUME): N_("Take the suspension back"),
}


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
    planned = pause_ahead(contract, now) if state is State.ACTIVE else None
    pause = pause_at(contract, now) if state is State.SUSPENDED else planned
    over = contract.ended_at is not None
    collects = (
        state is not State.DRAFT and contract.grace_stopped_at is None and contract.collect_until > contract.until_at
    )
    people = people_on(contract, now)
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
        suspended_from=local_day(zone, planned.from_at) if planned else None,
        suspended_until=local_day(zone, pause.until_at) if pause else None,
        fetch=contract_words.FETCH.get(pause.fetch, pause.fetch) if pause else "",
        fetch_note=(pause.fetch_note or "") if pause else "",
        reasons=_reasons(contract, pause),
        people=[one.person.name for one in people],
        trusted=[one.name for one in contract.trusted if one.ended_at is None and one.until_at > now],
        waiting=_waiting(contract, len(people) > 1),
        renew_until=_renewable(contract, state, now),
        end_known=_end_known(contract),
        actions=_actions(contract, state, now, is_planned=planned is not None),
    )


def _reasons(contract: Contract, pause: Suspension | None) -> Sequence[str]:
    """Why it ended or ends, else why it is suspended, as English messages."""
    if contract.end_reasons:
        return [words.END_REASONS.get(row.reason, row.reason) for row in contract.end_reasons]
    return [words.SUSPEND_REASONS.get(pause.reason, pause.reason)] if pause else []


def _waiting(contract: Contract, couple: bool) -> Sequence[Waiting]:
    names = {party.person_id: party.person.name for party in contract.parties} if couple else {}
    return [
        Waiting(
            one.id, contract_words.NOTICES.get(one.why, one.why), one.text or "", names.get(one.person_id or "", ""),
            one.left_at,
        )
        for one in contract.notices
        if one.given_at is None
    ]  # fmt: skip


def _renewable(contract: Contract, state: State, now: int) -> date | None:
    if (state, Action.RENEW) not in TRANSITIONS or contract.frozen_at is not None:
        return None
    left = contract.until_at - now
    return one_more_term(contract, now) if left <= _SOON_DAYS * 86_400_000 else None


def _end_known(contract: Contract) -> Sequence[str]:
    """Who decided the end, where to, for how long, as English messages; nothing where nobody knows."""
    said = (
        (contract_words.DECIDED_BY, contract.end_decided_by),
        (contract_words.DESTINATIONS, contract.destination),
        (contract_words.STABILITIES, contract.stability),
    )
    return [texts.get(code, code) for texts, code in said if code not in (None, "unknown")]


def _actions(contract: Contract, state: State, now: int, *, is_planned: bool) -> Sequence[Link]:
    url = f"/contracts/{contract.id}"
    links = [
        Link(f"{url}/{path}", _AGAIN.get((state, action), text), icon, is_likely=(state, action) in _LIKELY)
        for action, path, text, icon in _LINKS
        if (state, action) in TRANSITIONS
        and not (contract.frozen_at and action not in AFTER_DEATH)
        and (is_planned or (state, action) != (State.ACTIVE, Action.RESUME))
    ]
    if asks_for_decision(contract, now):
        links.insert(0, Link(f"{url}/inventory", N_("Put into safekeeping"), "to_empty", is_likely=True))
    return [*links, Link(f"{url}/print", N_("Print the contract"), "info")]


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
