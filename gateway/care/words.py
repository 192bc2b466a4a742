"""What the codes of care are called on screen: English messages, translated where they are shown."""

from collections.abc import Mapping

from gateway.web.i18n import N_
from gateway.web.words import Word

CALLS: Mapping[str, Word] = {
    "review": Word(N_("To decide together"), "info", "task"),
    "missed": Word(N_("To see"), "clock", "late"),
    "to_see": Word(N_("To see today"), "clock", "warm"),
    "nothing": Word(N_("Seen lately"), "check", "good"),
    "away": Word(N_("Absent"), "leave", "still"),
}

CONTACT_KINDS: Mapping[str, str] = {
    "met": N_("Met"),
    "phoned": N_("Phoned"),
    "message": N_("Exchanged messages"),
    "seen": N_("Seen in passing"),
    "looked_for": N_("Looked for, not found"),
}

PLACES: Mapping[str, str] = {
    "lockers": N_("At the lockers"),
    "street": N_("In the street"),
    "cafe": N_("In a café"),
    "day_centre": N_("At the day centre"),
    "office": N_("At the office"),
    "shelter": N_("At the shelter"),
    "hospital": N_("At the hospital"),
    "elsewhere": N_("Elsewhere"),
    "unknown": N_("Not known"),
}
