"""Who may do what: the one table of roles. Which right an address asks for is in addresses.py."""

from collections.abc import Mapping
from enum import StrEnum


class Right(StrEnum):
    """What an account may be allowed to do."""

    SEE_LOCKERS = "see_lockers"
    SEE_PEOPLE = "see_people"
    OPEN = "open"
    SERVICE = "service"
    BADGES = "badges"
    CONTRACTS = "contracts"
    RECONCILE = "reconcile"
    SEE_EVENTS = "see_events"
    REPORT_CASES = "report_cases"
    CASES = "cases"
    POLICE = "police"
    PLACES = "places"
    ALERTS = "alerts"
    EXPORT = "export"
    SEE_OPENINGS = "see_openings"
    KEEPING = "keeping"
    LOG_CARE = "log_care"
    CARE = "care"
    DESK = "desk"
    SAFEKEEPING = "safekeeping"
    SEE_REPORTS = "see_reports"
    LEND = "lend"


_DESK = frozenset(
    {Right.SEE_LOCKERS, Right.SEE_PEOPLE, Right.OPEN, Right.BADGES, Right.LOG_CARE, Right.REPORT_CASES, Right.DESK}
)
RIGHTS: Mapping[str, frozenset[Right]] = {
    # At the desk: recognises people, opens for them, replaces a lost badge; decides nothing about contracts.
    "volunteer": _DESK,
    # At the doors: sees lockers and blocks and opens for maintenance; never a name.
    "technician": frozenset({Right.SEE_LOCKERS, Right.OPEN, Right.SERVICE, Right.REPORT_CASES}),
    # Lends tools: sees the members of the tool library by name, and nobody's file.
    "librarian": frozenset({Right.SEE_LOCKERS, Right.LEND}),
    "worker": _DESK
    | {
        Right.SERVICE,
        Right.LEND,
        Right.SAFEKEEPING,
        Right.CONTRACTS,
        Right.RECONCILE,
        Right.SEE_EVENTS,
        Right.CARE,
        Right.CASES,
        Right.EXPORT,
        Right.SEE_OPENINGS,
        Right.SEE_REPORTS,
    },
    "operator": frozenset(Right),
}


def may(role: str, right: Right) -> bool:
    """Whether the role has the right; an unknown role has none."""
    return right in RIGHTS.get(role, frozenset())
