"""The lockers a contract takes, for how long, and what stands in the way."""

from sqlalchemy.orm import Session

from gateway.contracts import repository
from gateway.contracts.models import Contract, Holding
from gateway.contracts.states import State, state_at
from gateway.custody.readiness import require_ready
from gateway.days import day_after, day_start, local_day
from gateway.db import new_id
from gateway.errors import ConflictError
from gateway.lockers.models import Locker
from gateway.lockers.placement import require_room

# During a move both doors open for this long.
MOVE_MS = 24 * 3_600_000
# The end of a time to collect that only a person ends (absence, death): a date the wire can carry.
UNDECIDED = 4_070_908_800_000


def zone_of(contract: Contract) -> str:
    """The zone of the contract's days."""
    return contract.holdings[0].locker.bank.site.zone


def collect_end(contract: Contract, days: int | None = None) -> int:
    """When the time to collect is over: `days` (the scheme's grace if None) after `until_at`; open while it is stopped.

    The rest of the day in which the contract ended comes on top.
    """
    if contract.grace_stopped_at is not None:
        return UNDECIDED
    return grace_from(contract, contract.until_at, contract.terms.grace_days if days is None else days)


def grace_from(contract: Contract, at: int, days: int) -> int:
    """`days` whole days after the instant `at`."""
    if days == 0:
        return at
    zone = zone_of(contract)
    return day_start(zone, day_after(local_day(zone, at - 1), days + 1))


def take(
    session: Session, contract: Contract, locker: Locker, from_at: int, now: int, *, draft: bool = False,
    had: Holding | None = None,
) -> Holding:  # fmt: skip
    """The contract's hold on a locker from `from_at` on; a draft's holds nothing yet.

    A locker that begins now is known to be empty, clean and sound; not so one that the contract `had` until this
    moment: what is inside is its own people's. Raises as refuse_overlap, and ConflictError as
    lockers.placement.require_room and custody.readiness.require_ready.
    """
    require_room(
        session, locker, organisation_id=contract.person.organisation_id, contract_id=contract.id,
        from_at=max(now, from_at),
    )  # fmt: skip
    if not draft:
        refuse_overlap(session, contract.id, locker, from_at, contract.collect_until, now)
        if from_at <= now and had is None:
            require_ready(session, locker, now)
    return Holding(
        id=new_id(now), locker=locker, from_at=from_at, until_at=from_at if draft else contract.collect_until,
        waits_since=None if had is None else had.waits_since,
    )  # fmt: skip


def move(session: Session, contract: Contract, locker: Locker, now: int) -> None:
    """Another locker, or back to one that it still holds; the one it leaves opens for a day more.

    Raises as take, and ConflictError (`same_locker`).
    """
    if present(contract).locker_id == locker.id:
        raise ConflictError("same_locker", f"the contract has locker {locker.number} already")
    start = max(now, contract.from_at)
    had = next((one for one in still_open(contract, now) if one.locker_id == locker.id), None)
    for holding in contract.holdings:
        leaves = start if start > now or holding is had else start + MOVE_MS
        holding.until_at = max(holding.from_at, min(holding.until_at, leaves))
    contract.holdings.append(take(session, contract, locker, start, now, had=had))


def present(contract: Contract) -> Holding:
    """The hold that lasts longest: where the contract's things are, or were last."""
    return max(contract.holdings, key=lambda held: (held.until_at, held.from_at))


def asks_for_decision(contract: Contract, now: int) -> bool:
    """Whether what is inside stays until a person decides: the contract is over, its holder is away or has died."""
    is_over = state_at(contract, now) is State.ENDING and contract.grace_stopped_at is not None
    return is_over and present(contract).waits_since is None


def still_open(contract: Contract, now: int) -> list[Holding]:
    """Holds on the lockers it has moved out of that are not over: it may go back there."""
    last = present(contract)
    return [one for one in contract.holdings if one is not last and max(one.from_at, now) < one.until_at]


def cut(contract: Contract) -> None:
    """No hold outlasts the time to collect."""
    for holding in contract.holdings:
        holding.until_at = min(holding.until_at, contract.collect_until)
        holding.from_at = min(holding.from_at, holding.until_at)


def fit(session: Session, contract: Contract, now: int) -> None:
    """The present hold lasts exactly as long as the contract now does. Raises as refuse_overlap."""
    holding = present(contract)
    refuse_overlap(session, contract.id, holding.locker, holding.from_at, contract.collect_until, now)
    holding.until_at = max(holding.from_at, contract.collect_until)
    cut(contract)


def refuse_overlap(session: Session, contract_id: str, locker: Locker, from_at: int, until: int, now: int) -> None:
    """Raises ConflictError (`locker_taken`, `still_collecting`) if another contract has the locker then."""
    other = repository.overlapping(session, locker.id, from_at, until, contract_id)
    if other is None:
        return
    holder = session.get_one(Contract, other.contract_id)
    zone = locker.bank.site.zone
    if state_at(holder, now) is State.ENDING:
        raise still_collecting(holder)
    raise ConflictError(
        "locker_taken",
        f"locker {locker.number} of {locker.bank_id} is held from {local_day(zone, other.from_at)} until "
        f"{local_day(zone, other.until_at)} by another contract: choose other dates, or another locker for one",
        contract=holder.id,
    )


def still_collecting(holder: Contract) -> ConflictError:
    """The refusal while an earlier holder may still fetch what is theirs."""
    if holder.grace_stopped_at is not None:
        why = "may still collect, and is away or has died: someone must decide about what is inside"
    else:
        why = f"may still collect until {local_day(zone_of(holder), holder.collect_until)}: wait"
    return ConflictError(
        "still_collecting",
        f"the earlier holder {why}, choose another locker, or confirm that this one was seen empty",
        contract=holder.id,
    )
