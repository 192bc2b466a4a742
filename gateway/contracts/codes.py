"""The coded values of contracts: why, how and where to; the words for them are on screen (gateway/web/words.py)."""

from enum import StrEnum
from typing import TypeVar

from gateway.errors import InvalidError

C = TypeVar("C", bound=StrEnum)


class SuspendReason(StrEnum):
    """Why a contract is suspended."""

    INCIDENT = "incident"
    SAFETY = "safety"
    NO_NEWS = "no_news"
    ABSENCE = "absence"
    WORKS = "works"
    OTHER = "other"


class DespiteExclusion(StrEnum):
    """Why a contract is made at a site from which the person is excluded."""

    AGREED = "agreed"
    ACCOMPANIED = "accompanied"
    NOWHERE_ELSE = "nowhere_else"
    OTHER = "other"


class Fetch(StrEnum):
    """How belongings, papers and medicine are got at within 24 hours during a suspension."""

    DESK = "desk"
    PHONE = "phone"
    WORKER = "worker"
    PARTNER = "partner"


class EndReason(StrEnum):
    """Why a contract ends; several may hold."""

    TERM_OVER = "term_over"
    OWN_SOLUTION = "own_solution"
    WORK = "work"
    AGREED = "agreed"
    SUPPORT_REFUSED = "support_refused"
    THREATS = "threats"
    EMPTIED = "emptied"
    PRISON = "prison"
    HOSPITAL = "hospital"
    MOVED_AWAY = "moved_away"
    NO_NEWS = "no_news"
    DEATH = "death"
    WINDING_DOWN = "winding_down"
    REASSIGNED = "reassigned"
    OTHER = "other"
    UNKNOWN = "unknown"


class DecidedBy(StrEnum):
    """Who decided that a contract ends."""

    HOLDER = "holder"
    SCHEME = "scheme"
    BOTH = "both"
    CIRCUMSTANCES = "circumstances"
    UNKNOWN = "unknown"


class Destination(StrEnum):
    """Where someone goes after a contract."""

    OWN_HOUSING = "own_housing"
    SOCIAL_HOUSING = "social_housing"
    SUPPORTED_HOUSING = "supported_housing"
    FAMILY_OR_FRIENDS = "family_or_friends"
    EMPLOYER_HOUSING = "employer_housing"
    SHELTER = "shelter"
    COMMUNITY = "community"
    TREATMENT = "treatment"
    HOSPITAL = "hospital"
    PRISON = "prison"
    ANOTHER_TOWN = "another_town"
    ABROAD = "abroad"
    STREET = "street"
    DIED = "died"
    OTHER = "other"
    UNKNOWN = "unknown"


class Stability(StrEnum):
    """How long a destination may last."""

    LASTING = "lasting"
    TEMPORARY = "temporary"
    NONE = "none"
    UNKNOWN = "unknown"


class AbsenceKind(StrEnum):
    """Where an absent person is."""

    HOSPITAL = "hospital"
    PRISON = "prison"
    FAMILY = "family"
    OTHER = "other"
    UNKNOWN = "unknown"


class NoticeWhy(StrEnum):
    """What a waiting message is about."""

    MESSAGE = "message"
    END_ANNOUNCED = "end_announced"
    MAIL = "mail"
    APPOINTMENT = "appointment"
    REVIEW = "review"


def checked(kind: type[C], value: str, code: str = "reason") -> C:
    """The coded value. Raises InvalidError with `code` if it is not one of those known."""
    try:
        return kind(value)
    except ValueError as error:
        raise InvalidError(code, f"unknown {code} {value[:40]!r}; known: {', '.join(kind)}") from error
