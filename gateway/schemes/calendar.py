"""Days on which a service works: weekly days off, single dates off, and counting in what is left."""

from datetime import date, timedelta
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Weekday = Annotated[int, Field(ge=0, le=6, description="0 is Monday")]


class Calendar(BaseModel):
    """Days off: the same weekdays every week (0 is Monday), and single dates. It never closes a door."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weekly_off: Annotated[tuple[Weekday, ...], Field(max_length=6)] = ()
    dates_off: Annotated[tuple[date, ...], Field(max_length=1_000)] = ()

    @model_validator(mode="after")
    def _some_day_is_left(self) -> Self:
        if len(set(self.weekly_off)) != len(self.weekly_off):
            raise ValueError("a weekday is named twice in weekly_off")
        return self

    def open_on(self, day: date) -> bool:
        """Whether the service works on `day`."""
        return day.weekday() not in self.weekly_off and day not in self.dates_off

    def next_open(self, day: date) -> date:
        """`day` itself if the service works then, else the next day on which it does."""
        while not self.open_on(day):
            day += timedelta(1)
        return day

    def after(self, day: date, open_days: int) -> date:
        """The day on which `open_days` working days, `day` among them if it is one, are over."""
        day = self.next_open(day)
        for _ in range(open_days - 1):
            day = self.next_open(day + timedelta(1))
        return day
