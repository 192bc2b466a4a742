"""The columns an import knows, and what each may hold. Codes are those of contracts and care."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from gateway.care import codes as care
from gateway.contracts import codes as contracts

# As the columns of a snapshot are called.
ENTRY: Mapping[str, type[StrEnum]] = {
    "identity_papers": care.IdentityPapers,
    "residence": care.Residence,
    "health_cover": care.HealthCover,
    "income": care.Income,
    "work": care.Work,
    "address": care.Address,
    "street_time": care.StreetTime,
}
CODES: Mapping[str, type[StrEnum]] = {
    "destination": contracts.Destination,
    "stability": contracts.Stability,
    "decided_by": contracts.DecidedBy,
    "work": care.Work,
    **{f"entry.{question}": answers for question, answers in ENTRY.items()},
}
LISTS: Mapping[str, type[StrEnum]] = {"exit_reason": contracts.EndReason, "supports": care.SupportKind}
DATES = ("start", "end", "in_service")
FLAGS = ("emptied_by_holder", "key_returned")
# Whether a fact is on record or was placed so that the figures hold.
MARKS = ("start_is", "entry.entry_is", "supports_are")
TEXTS = ("person", "name", "note", "size")
NUMBERS = ("count", "locker")
KNOWN: Sequence[str] = (*TEXTS, *DATES, *NUMBERS, *CODES, *LISTS, *FLAGS, *MARKS)
LOCKER_COLUMNS = frozenset({"count", "in_service", "size"})
REQUIRED = ("person", "start")

# What published reports call the same thing.
SYNONYMS: Mapping[str, Mapping[str, str]] = {
    "exit_reason": {
        "refused_support": contracts.EndReason.SUPPORT_REFUSED,
        "imprisonment": contracts.EndReason.PRISON,
        "mutual_agreement": contracts.EndReason.AGREED,
        "emptied_by_holder": contracts.EndReason.EMPTIED,
    }
}
