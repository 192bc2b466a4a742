"""The coded values of the tool library; each has its words on screen (words.py)."""

from enum import StrEnum


class Condition(StrEnum):
    """What was last seen of a tool; a damaged or missing one is not lent."""

    GOOD = "good"
    WORN = "worn"
    DAMAGED = "damaged"
    MISSING = "missing"
    UNKNOWN = "unknown"


class RetiredWhy(StrEnum):
    """Why a tool is not lent any more."""

    WORN_OUT = "worn_out"
    BROKEN = "broken"
    LOST = "lost"
    STOLEN = "stolen"
    GIVEN_AWAY = "given_away"
    OTHER = "other"
    UNKNOWN = "unknown"


class StockWhy(StrEnum):
    """Why a stock changed: bought and given add to it, used and spoiled take from it, counted sets it right."""

    BOUGHT = "bought"
    GIVEN = "given"
    USED = "used"
    SPOILED = "spoiled"
    COUNTED = "counted"


class OverLimit(StrEnum):
    """Why someone is lent more than the terms say."""

    PROJECT_NEEDS = "project_needs"
    NOBODY_WAITS = "nobody_waits"
    SHARED = "shared"
    OTHER = "other"


class MovementKind(StrEnum):
    """What a release of a tool locker is read as; `again` belongs to the visit before it."""

    TAKEN = "taken"
    AGAIN = "again"
    RETURNED = "returned"


class MovementState(StrEnum):
    """A movement is proposed by the journal and decided by a librarian; `not_opened`: the door never moved."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    NOT_OPENED = "not_opened"


class ReminderKind(StrEnum):
    """Due soon is not overdue."""

    DUE_SOON = "due_soon"
    OVERDUE = "overdue"


class Told(StrEnum):
    """How a member was reminded."""

    IN_PERSON = "in_person"
    PHONE = "phone"
    MESSAGE = "message"
    LETTER = "letter"
    THROUGH_SOMEONE = "through_someone"


class LeftWhy(StrEnum):
    """Why a membership ended."""

    FINISHED = "finished"
    MOVED_AWAY = "moved_away"
    AGREED = "agreed"
    RULES = "rules"
    OTHER = "other"
    UNKNOWN = "unknown"


class ProjectKind(StrEnum):
    """What work a project is."""

    PAINTING = "painting"
    FLOOR = "floor"
    WALLS = "walls"
    KITCHEN = "kitchen"
    BATHROOM = "bathroom"
    INSULATION = "insulation"
    ELECTRICITY = "electricity"
    OUTSIDE = "outside"
    FURNITURE = "furniture"
    OTHER = "other"
    UNKNOWN = "unknown"


class DroppedWhy(StrEnum):
    """Why a project was given up."""

    MOVED_AWAY = "moved_away"
    HEALTH = "health"
    LANDLORD = "landlord"
    MONEY = "money"
    OWN_CHOICE = "own_choice"
    OTHER = "other"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What was decided about a condition; met and excepted let the work begin."""

    MET = "met"
    EXCEPTED = "excepted"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


class ActionKind(StrEnum):
    """What people do together."""

    WORKSHOP = "workshop"
    WORK_SITE = "work_site"
    MEETING = "meeting"
    OUTING = "outing"
    OTHER = "other"


class Presence(StrEnum):
    """Whether someone was there."""

    EXPECTED = "expected"
    PRESENT = "present"
    EXCUSED = "excused"
    ABSENT = "absent"
    UNKNOWN = "unknown"
