"""The coded values of schemes."""

from enum import StrEnum


class Service(StrEnum):
    """What kind of service a scheme is; pages show what it uses."""

    LOCKERS = "lockers"
    LUGGAGE = "luggage"
    TOOLS = "tools"


class Every(StrEnum):
    """How often a contribution is asked for."""

    ONCE = "once"
    VISIT = "visit"
    MONTH = "month"
    YEAR = "year"
