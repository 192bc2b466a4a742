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
    REVIEW_DUE = "review_due"


TITLES: Mapping[Kind, str] = {
    Kind.FORCED: N_("Forced"),
    Kind.TAMPERED: N_("Tampered with"),
    Kind.LEFT_OPEN: N_("Open too long"),
    Kind.AJAR: N_("Not locked"),
    Kind.JAMMED: N_("Jammed"),
    Kind.OFFLINE: N_("Block offline"),
    Kind.LIST_STALE: N_("A change is not in force yet"),
    Kind.WAITS: N_("Block waits for a decision"),
    Kind.REVIEW_DUE: N_("A review is due"),
}
# Once it has passed there is nothing left to do: whoever was not told yet need not be. The others are always told.
PASSING = frozenset({Kind.LEFT_OPEN, Kind.AJAR, Kind.OFFLINE, Kind.LIST_STALE, Kind.WAITS, Kind.REVIEW_DUE})
# Told in quiet hours too, unless a channel says otherwise.
URGENT = (Kind.FORCED, Kind.TAMPERED)
