"""What loans, tools and limits are called on screen."""

from collections.abc import Mapping

from gateway.loans.attention import Limit
from gateway.loans.codes import Condition, MovementKind, OverLimit, Told
from gateway.loans.states import LoanState
from gateway.web.i18n import N_
from gateway.web.words import Word

NOTHING_SEEN = N_("Say of at least one tool how it came back.")
NOTHING_CHOSEN = N_("Choose at least one tool, or a kit.")
LOAN_STATES: Mapping[str, Word] = {
    LoanState.PLANNED: Word(N_("Planned"), "clock", "calm"),
    LoanState.NOT_TAKEN: Word(N_("Not fetched"), "info", "still"),
    LoanState.OUT: Word(N_("Lent"), "handover", "calm"),
    LoanState.DUE_SOON: Word(N_("Due soon"), "clock", "warm"),
    LoanState.OVERDUE: Word(N_("To bring back"), "open_too_long", "late"),
    LoanState.TO_CHECK: Word(N_("Brought back: to check"), "search", "task"),
    LoanState.RETURNED: Word(N_("Back"), "check", "good"),
    LoanState.CANCELLED: Word(N_("Cancelled"), "cross", "still"),
}
CONDITIONS: Mapping[str, str] = {
    Condition.GOOD: N_("In good condition"),
    Condition.WORN: N_("Worn"),
    Condition.DAMAGED: N_("Damaged"),
    Condition.MISSING: N_("Missing"),
    Condition.UNKNOWN: N_("Not known"),
}
MOVEMENTS: Mapping[str, str] = {
    MovementKind.TAKEN: N_("Fetched at the locker"),
    MovementKind.AGAIN: N_("Opened again"),
    MovementKind.RETURNED: N_("Brought back to the locker"),
}
TOLD: Mapping[str, str] = {
    Told.IN_PERSON: N_("In person"),
    Told.PHONE: N_("By phone"),
    Told.MESSAGE: N_("By message"),
    Told.LETTER: N_("By letter"),
    Told.THROUGH_SOMEONE: N_("Through someone"),
}
OVER_LIMIT: Mapping[str, str] = {
    OverLimit.PROJECT_NEEDS: N_("The work needs it"),
    OverLimit.NOBODY_WAITS: N_("Nobody else waits for it"),
    OverLimit.SHARED: N_("Lent to several people together"),
    OverLimit.OTHER: N_("Another reason"),
}
LIMITS: Mapping[str, str] = {
    Limit.AT_ONCE: N_("More tools at once than agreed: %(found)s instead of %(agreed)s"),
    Limit.TOO_LONG: N_("Lent for longer than agreed: %(found)s days instead of %(agreed)s"),
    Limit.EXTENDED: N_("Extended more often than agreed: %(found)s times instead of %(agreed)s"),
    Limit.NOT_TAKEN: N_("Planned and not fetched"),
    Limit.STILL_OUT: N_("Promised, but still lent to someone else"),
    Limit.STOCK_LOW: N_("Nearly used up: %(found)s left"),
    Limit.WORK_LONG: N_("The work takes longer than agreed: %(found)s days instead of %(agreed)s"),
    Limit.PROJECT_LONG: N_("Asked for %(found)s days ago; agreed were %(agreed)s"),
    Limit.SUPPORT_LONG: N_("Supported for %(found)s days; agreed were %(agreed)s"),
}


def loan_state(code: str) -> Word:
    """The word for a loan's state."""
    return LOAN_STATES.get(code, Word(code, "unknown"))


MOVEMENT_STATES: Mapping[str, str] = {
    "proposed": N_("To be confirmed"),
    "confirmed": N_("Confirmed"),
    "rejected": N_("Was not so"),
    "not_opened": N_("The door did not open"),
}

RETIRED: Mapping[str, str] = {
    "broken": N_("Broken"),
    "worn_out": N_("Worn out"),
    "lost": N_("Lost"),
    "stolen": N_("Stolen"),
    "given_away": N_("Given away"),
    "other": N_("Another reason"),
    "unknown": N_("Not known"),
}

STOCK: Mapping[str, str] = {
    "bought": N_("Bought"),
    "given": N_("Was a gift"),
    "used": N_("Used"),
    "spoiled": N_("Spoiled"),
    "counted": N_("Counted"),
}

LEFT_WHY: Mapping[str, str] = {
    "finished": N_("The work is done"),
    "moved_away": N_("Moved away"),
    "agreed": N_("Agreed together"),
    "rules": N_("Did not keep to the rules"),
    "other": N_("Another reason"),
    "unknown": N_("Not known"),
}

PROJECTS: Mapping[str, str] = {
    "painting": N_("Painting"),
    "walls": N_("Walls"),
    "floor": N_("Floor"),
    "kitchen": N_("Kitchen"),
    "bathroom": N_("Bathroom"),
    "electricity": N_("Electricity"),
    "insulation": N_("Insulation"),
    "furniture": N_("Furniture"),
    "outside": N_("Outside"),
    "other": N_("Something else"),
    "unknown": N_("Not known"),
}

DROPPED: Mapping[str, str] = {
    "own_choice": N_("Their own choice"),
    "money": N_("Money"),
    "health": N_("Health"),
    "landlord": N_("The landlord"),
    "moved_away": N_("Moved away"),
    "other": N_("Another reason"),
    "unknown": N_("Not known"),
}

OUTCOMES: Mapping[str, str] = {
    "met": N_("The condition is met"),
    "excepted": N_("An exception holds"),
    "not_met": N_("The condition is not met"),
    "unknown": N_("Not looked at yet"),
}

ACTIONS: Mapping[str, str] = {
    "workshop": N_("Workshop"),
    "work_site": N_("Work together at a home"),
    "meeting": N_("Meeting"),
    "outing": N_("Outing"),
    "other": N_("Something else"),
}

PRESENCES: Mapping[str, str] = {
    "expected": N_("Expected"),
    "present": N_("Present"),
    "excused": N_("Excused"),
    "absent": N_("Did not come"),
    "unknown": N_("Not known"),
}
