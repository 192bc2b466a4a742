"""The coded values of belongings, their custody and a locker's readiness."""

from enum import StrEnum


class Thing(StrEnum):
    """What kind of thing somebody left."""

    PAPERS = "papers"
    MEDICINE = "medicine"
    MONEY = "money"
    KEYS = "keys"
    PHOTOGRAPHS = "photographs"
    CLOTHING = "clothing"
    BEDDING = "bedding"
    BAG = "bag"
    ELECTRONICS = "electronics"
    TOOLS = "tools"
    FOOD = "food"
    OTHER = "other"
    UNKNOWN = "unknown"


# Never disposed of together with the rest: each by a decision of its own that says what became of it.
PROTECTED = frozenset({Thing.PAPERS, Thing.MEDICINE, Thing.MONEY, Thing.KEYS, Thing.PHOTOGRAPHS})
# May go before the keeping time is over.
PERISHABLE = frozenset({Thing.FOOD})


class Witness(StrEnum):
    """Who or what bears out an inventory beside the one who made it."""

    COLLEAGUE = "colleague"
    PARTNER = "partner"
    HOLDER = "holder"
    PHOTOGRAPHS = "photographs"


class Step(StrEnum):
    """How far a custody has come; each is done once, in this order."""

    INVENTORY = "inventory"
    STORE = "store"
    KEEPING = "keeping"
    CLOSED = "closed"


class Outcome(StrEnum):
    """What became of one thing that was kept."""

    RETURNED = "returned"
    HANDED_OVER = "handed_over"
    DISPOSED = "disposed"


class Recipient(StrEnum):
    """To whom something was returned or handed over."""

    HOLDER = "holder"
    TRUSTED = "trusted"
    ENTITLED = "entitled"
    WORKER = "worker"
    AUTHORITY = "authority"
    PHARMACY = "pharmacy"
    OTHER = "other"


class DisposalReason(StrEnum):
    """Why a thing was disposed of."""

    KEPT_LONG_ENOUGH = "kept_long_enough"
    ASKED_BY_HOLDER = "asked_by_holder"
    PERISHED = "perished"
    DANGEROUS = "dangerous"
    EXPIRED = "expired"
    OTHER = "other"


class Check(StrEnum):
    """What is looked at before a locker is given again."""

    EMPTY = "empty"
    CLEANED = "cleaned"
    LOCK = "lock"


# Beside the checks: somebody used the locker whom this gateway does not know as its holder (used.py). No look counts
# that is not recorded after it.
USED = "used"
