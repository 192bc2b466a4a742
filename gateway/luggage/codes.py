"""The coded values of the luggage room."""

from enum import StrEnum


class DeskService(StrEnum):
    """What is offered beside the lockers."""

    SHOWER = "shower"
    HEALTH = "health"
    INTERNET = "internet"
    LAUNDRY = "laundry"
    MEAL = "meal"
    CLOTHING = "clothing"
    POST = "post"
    OTHER = "other"
