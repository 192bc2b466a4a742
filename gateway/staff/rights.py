"""Who may do what: the one table of roles, and the right that each address of pages and API asks for.

What is not in the table is refused, so that a new address opens nothing until someone has decided.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache

from gateway.errors import ForbiddenError


class Right(StrEnum):
    """What an account may be allowed to do."""

    SEE_LOCKERS = "see_lockers"
    SEE_PEOPLE = "see_people"
    OPEN = "open"
    BADGES = "badges"
    CONTRACTS = "contracts"
    RECONCILE = "reconcile"
    SEE_EVENTS = "see_events"


_DESK = frozenset({Right.SEE_LOCKERS, Right.SEE_PEOPLE, Right.OPEN, Right.BADGES})
RIGHTS: Mapping[str, frozenset[Right]] = {
    # At the desk: recognises people, opens for them, replaces a lost badge; decides nothing about contracts.
    "volunteer": _DESK,
    # At the doors: sees lockers and blocks and opens for maintenance; never a name.
    "technician": frozenset({Right.SEE_LOCKERS, Right.OPEN}),
    "worker": _DESK | {Right.CONTRACTS, Right.RECONCILE, Right.SEE_EVENTS},
    "operator": frozenset(Right),
}

_ASKED: Mapping[Right, Sequence[str]] = {
    Right.SEE_LOCKERS: (
        "GET /",
        "GET /lockers/{bank}/{number}",
        "GET /blocks",
        "GET /blocks/{bank}",
        "GET /controllers",
        "GET /commands/{command_id}",
        "POST /breaches/{event_id}/seen",
        "GET /live/wall",
        "GET /live/locker/{bank}/{number}",
        "GET /live/command/{command_id}",
        "GET /live/blocks",
        "GET /api/v1/lockers",
        "GET /api/v1/banks",
        "GET /api/v1/commands/{command_id}",
    ),
    Right.SEE_PEOPLE: (
        "GET /people",
        "POST /people/search",
        "GET /people/search",
        "GET /people/{person_id}",
        "GET /live/person/{person_id}",
        "GET /api/v1/people",
        "GET /api/v1/people/{person_id}",
        "GET /api/v1/contracts",
        "GET /api/v1/contracts/{contract_id}",
        "GET /api/v1/badges",
        "GET /api/v1/badges/{badge_id}",
    ),
    Right.OPEN: (
        "GET /lockers/{bank}/{number}/open",
        "POST /lockers/{bank}/{number}/open",
        "POST /api/v1/lockers/{bank}/{number}/open",
    ),
    Right.BADGES: (
        "GET /badges/{badge_id}/revoke",
        "POST /badges/{badge_id}/revoke",
        "GET /badges/{badge_id}/pin",
        "POST /badges/{badge_id}/pin",
        "GET /people/{person_id}/badge",
        "POST /people/{person_id}/badge",
        "POST /people/{person_id}/enrol",
        "GET /people/{person_id}/enrol/{command_id}",
        "POST /people/{person_id}/enrol/{command_id}",
        "GET /live/enrol/{person_id}/{command_id}",
        "POST /api/v1/badges",
        "POST /api/v1/badges/{badge_id}/give",
        "POST /api/v1/badges/{badge_id}/revoke",
        "POST /api/v1/badges/{badge_id}/pin",
    ),
    Right.CONTRACTS: (
        "GET /people/new",
        "POST /people/new",
        "GET /handover",
        "POST /handover",
        "GET /contracts/{contract_id}/{decision}",
        "POST /contracts/{contract_id}/{decision}",
        "POST /api/v1/people",
        "POST /api/v1/contracts",
        "POST /api/v1/contracts/{contract_id}/{decision}",
    ),
    Right.RECONCILE: (
        "GET /blocks/{bank}/reconcile",
        "POST /blocks/{bank}/ask",
        "POST /blocks/{bank}/reconcile",
        "GET /api/v1/banks/{bank}/reconciliation",
        "POST /api/v1/banks/{bank}/reconciliation",
        "POST /api/v1/banks/{bank}/reconcile",
    ),
    Right.SEE_EVENTS: ("GET /api/v1/events",),
}


def may(role: str, right: Right) -> bool:
    """Whether the role has the right; an unknown role has none."""
    return right in RIGHTS.get(role, frozenset())


def may_go(role: str, method: str, path: str) -> bool:
    """Whether the role may use this address."""
    right = asked(method, path)
    return right is not None and may(role, right)


def require(role: str, method: str, path: str) -> None:
    """Raises ForbiddenError with code `role` unless the role may use this address."""
    if not may_go(role, method, path):
        raise ForbiddenError("role", f"an account with the role {role!r} may not do this: ask a worker or an operator")


def asked(method: str, path: str) -> Right | None:
    """The right that an address asks for; None if nobody has decided. The first line that fits counts."""
    wanted = f"{'GET' if method == 'HEAD' else method} {path.partition('?')[0]}"
    exact = _exact().get(wanted)
    if exact is not None:
        return exact
    return next((right for pattern, right in _patterns() if pattern.fullmatch(wanted)), None)


@cache
def _exact() -> Mapping[str, Right]:
    return {line: right for right, lines in _ASKED.items() for line in lines if "{" not in line}


@cache
def _patterns() -> Sequence[tuple[re.Pattern[str], Right]]:
    return [
        (re.compile(re.sub(r"\{\w+\}", "[^/]+", line)), right)
        for right, lines in _ASKED.items()
        for line in lines
        if "{" in line
    ]
