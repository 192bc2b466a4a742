"""The life of a contract: which state it is in at a moment, and the one table of what may be done in each."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol, TypeVar

from gateway.errors import ConflictError


class State(StrEnum):
    """Where a contract is in its life; `upcoming` is signed and waits for its first day."""

    DRAFT = "draft"
    UPCOMING = "upcoming"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDING = "ending"
    ENDED = "ended"


class Action(StrEnum):
    """What a person may decide about a contract."""

    SIGN = "sign"
    SUSPEND = "suspend"
    RESUME = "resume"
    RENEW = "renew"
    MOVE = "move"
    PLAN_END = "plan_end"
    END = "end"
    SAY_HOW = "say_how"
    EMPTIED = "emptied"
    JOIN = "join"
    PART = "part"
    TRUST = "trust"
    DISTRUST = "distrust"
    LEAVE_NOTICE = "leave_notice"
    GIVE_NOTICE = "give_notice"
    AWAY = "away"
    BACK = "back"
    DIED = "died"
    ALIVE = "alive"


# (state, action) -> the states in which the contract may be right after it; a pair that is not here is refused.
TRANSITIONS: dict[tuple[State, Action], frozenset[State]] = {
    (State.DRAFT, Action.SIGN): frozenset({State.UPCOMING, State.ACTIVE, State.ENDING, State.ENDED}),
    (State.DRAFT, Action.END): frozenset({State.ENDED}),
    (State.UPCOMING, Action.RENEW): frozenset({State.UPCOMING}),
    (State.UPCOMING, Action.MOVE): frozenset({State.UPCOMING}),
    (State.UPCOMING, Action.END): frozenset({State.ENDED}),
    (State.UPCOMING, Action.PLAN_END): frozenset({State.UPCOMING}),
    (State.ACTIVE, Action.SUSPEND): frozenset({State.SUSPENDED, State.ACTIVE}),
    # A suspension that is planned ahead is taken back.
    (State.ACTIVE, Action.RESUME): frozenset({State.ACTIVE}),
    (State.ACTIVE, Action.RENEW): frozenset({State.ACTIVE}),
    (State.ACTIVE, Action.MOVE): frozenset({State.ACTIVE}),
    (State.ACTIVE, Action.PLAN_END): frozenset({State.ACTIVE}),
    (State.ACTIVE, Action.END): frozenset({State.ENDING, State.ENDED}),
    (State.ACTIVE, Action.DIED): frozenset({State.ENDING}),
    (State.SUSPENDED, Action.SUSPEND): frozenset({State.SUSPENDED}),
    (State.SUSPENDED, Action.RESUME): frozenset({State.ACTIVE}),
    (State.SUSPENDED, Action.RENEW): frozenset({State.SUSPENDED}),
    (State.SUSPENDED, Action.PLAN_END): frozenset({State.SUSPENDED}),
    (State.SUSPENDED, Action.END): frozenset({State.ENDING, State.ENDED}),
    (State.SUSPENDED, Action.DIED): frozenset({State.ENDING}),
    # A suspension that is not over by its own date goes on where the contract does.
    (State.ENDING, Action.RENEW): frozenset({State.ACTIVE, State.SUSPENDED}),
    (State.ENDING, Action.SAY_HOW): frozenset({State.ENDING}),
    (State.ENDING, Action.EMPTIED): frozenset({State.ENDED}),
    (State.ENDING, Action.DIED): frozenset({State.ENDING}),
    (State.ENDING, Action.ALIVE): frozenset({State.ACTIVE, State.SUSPENDED, State.ENDING}),
    (State.ENDED, Action.SAY_HOW): frozenset({State.ENDED}),
    # Its locker was emptied before a mistaken death was taken back.
    (State.ENDED, Action.ALIVE): frozenset({State.ENDED}),
}
# Decisions about who is on a contract, and what waits for them, leave it in its state.
_RUNNING = (State.UPCOMING, State.ACTIVE, State.SUSPENDED)
_OPENS = (*_RUNNING, State.ENDING)
_STAYS: dict[Action, tuple[State, ...]] = {
    Action.JOIN: (State.DRAFT, *_RUNNING),
    Action.PART: (State.DRAFT, *_OPENS),
    Action.TRUST: _OPENS,
    Action.DISTRUST: _OPENS,
    Action.LEAVE_NOTICE: _OPENS,
    Action.GIVE_NOTICE: _OPENS,
    Action.AWAY: _OPENS,
    Action.BACK: _OPENS,
}
TRANSITIONS.update({(state, action): frozenset({state}) for action, states in _STAYS.items() for state in states})


class Pause(Protocol):
    """A suspension, as far as states need it."""

    from_at: int
    until_at: int
    lifted_at: int | None


P = TypeVar("P", bound=Pause)
P_co = TypeVar("P_co", bound=Pause, covariant=True)


class Terms(Protocol[P_co]):
    """A contract, as far as states need it."""

    signed_at: int | None
    ended_at: int | None
    from_at: int
    until_at: int
    collect_until: int

    @property
    def suspensions(self) -> Sequence[P_co]: ...


def pause_end(pause: Pause) -> int:
    """When the suspension ends, or ended: at its date, or sooner if it was lifted."""
    return pause.until_at if pause.lifted_at is None else min(pause.until_at, pause.lifted_at)


def pause_at(terms: Terms[P], at: int) -> P | None:
    """The suspension in force at `at`, the one that ends last if there are several."""
    pauses = [pause for pause in terms.suspensions if pause.from_at <= at < pause_end(pause)]
    return max(pauses, key=pause_end, default=None)


def pause_ahead(terms: Terms[P], at: int) -> P | None:
    """The next suspension that is planned to begin after `at`."""
    ahead = [pause for pause in terms.suspensions if at < pause.from_at < pause_end(pause)]
    return min(ahead, key=lambda pause: pause.from_at, default=None)


def state_at(terms: Terms[Pause], at: int) -> State:
    """The contract's state at `at`, from its dates and decisions alone."""
    if terms.signed_at is None:
        return State.DRAFT if terms.ended_at is None else State.ENDED
    if at >= terms.collect_until:
        return State.ENDED
    if at >= terms.until_at:
        return State.ENDING
    if at < terms.from_at:
        return State.UPCOMING
    return State.ACTIVE if pause_at(terms, at) is None else State.SUSPENDED


def require(state: State, action: Action, after: State | None = None) -> None:
    """Raises ConflictError with code `transition` if the action is not for a contract in this state.

    With `after` also if it must not lead there.
    """
    known = TRANSITIONS.get((state, action))
    if known is None:
        allowed = [known.value for place, known in TRANSITIONS if place is state]
        raise ConflictError(
            "transition",
            f"a contract that is {state.value} cannot be changed by {action.value!r}; "
            f"possible: {', '.join(allowed) or 'nothing'}",
            state=state.value,
        )
    if after is not None and after not in known:
        raise ConflictError(
            "transition",
            f"{action.value!r} would leave a contract that is {state.value} {after.value}",
            state=state.value,
        )
