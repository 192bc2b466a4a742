"""The coded values of money."""

from enum import StrEnum


class Kind(StrEnum):
    """A deposit is given back, an advance is paid back, a contribution is given for good."""

    DEPOSIT = "deposit"
    ADVANCE = "advance"
    CONTRIBUTION = "contribution"


class Movement(StrEnum):
    """What was done: `given` is an advance paid out, `received` came from the person, `refunded` went back to them,
    `forgiven` is not asked any more."""

    GIVEN = "given"
    RECEIVED = "received"
    REFUNDED = "refunded"
    FORGIVEN = "forgiven"


class Means(StrEnum):
    """How money moved."""

    CASH = "cash"
    CARD = "card"
    TRANSFER = "transfer"
    OTHER = "other"


class ForgivenReason(StrEnum):
    """Why it is not asked any more."""

    NO_MEANS = "no_means"
    HARDSHIP = "hardship"
    AGREED = "agreed"
    VOLUNTEER = "volunteer"
    DEATH = "death"
    OTHER = "other"
