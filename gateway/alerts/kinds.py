"""What there is to be told of, and what it is called in a message."""

from collections.abc import Mapping
from enum import StrEnum

from gateway.web.i18n import N_


class Kind(StrEnum):
    """Why someone is told."""

    FORCED = "forced"
    TAMPERED = "tampered"
    LEFT_OPEN = "left_open"
    AJAR = "ajar"
    JAMMED = "jammed"
    OFFLINE = "offline"
    LIST_STALE = "list_stale"
    WAITS = "waits"
    COPIED = "copied"
    REVIEW_DUE = "review_due"
    CONTACT_MISSED = "contact_missed"
    LOAN_DUE_SOON = "loan_due_soon"
    LOAN_OVERDUE = "loan_overdue"
    LOAN_LIMIT = "loan_limit"
    MOVE_DUE = "move_due"
    KEEPING_ENDS = "keeping_ends"
    LOCKER_NOT_READY = "locker_not_ready"


TITLES: Mapping[Kind, str] = {
    Kind.FORCED: N_("Forced"),
    Kind.TAMPERED: N_("Tampered with"),
    Kind.LEFT_OPEN: N_("Open too long"),
    Kind.AJAR: N_("Not locked"),
    Kind.JAMMED: N_("Jammed"),
    Kind.OFFLINE: N_("Block offline"),
    Kind.LIST_STALE: N_("A change is not in force yet"),
    Kind.WAITS: N_("Block waits for a decision"),
    Kind.COPIED: N_("Memory card perhaps copied or restored"),
    Kind.REVIEW_DUE: N_("A review is due"),
    Kind.CONTACT_MISSED: N_("Someone is to be seen"),
    Kind.LOAN_DUE_SOON: N_("A loan is due soon"),
    Kind.LOAN_OVERDUE: N_("A loan has not come back in time"),
    Kind.LOAN_LIMIT: N_("A limit of the tool library is passed"),
    Kind.MOVE_DUE: N_("Someone has to change lockers"),
    Kind.KEEPING_ENDS: N_("A time of safekeeping ends"),
    Kind.LOCKER_NOT_READY: N_("A contract starts and its locker is not ready"),
}
# These are told even after they have passed; of the others nothing is left to do then, so whoever was not told yet
# need not be.
PASSING = frozenset(Kind) - {Kind.FORCED, Kind.TAMPERED, Kind.JAMMED, Kind.COPIED}
# Told in quiet hours too, unless a channel says otherwise.
URGENT = (Kind.FORCED, Kind.TAMPERED)
