"""The terms of a scheme as data: what its contracts promise and ask. Every contract keeps those it was signed under."""

from functools import lru_cache
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

from gateway.errors import InvalidError
from gateway.schemes.calendar import Calendar
from gateway.schemes.codes import Every
from wire.hours import MINUTES_A_DAY, WeeklySchedule

Days = Annotated[int, Field(ge=1, le=1_000)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Minute = Annotated[int, Field(ge=0, le=MINUTES_A_DAY)]
# Monday to Sunday, as on the wire: spans [from, to) in minutes after local midnight.
OpenDay = Annotated[tuple[tuple[Minute, Minute], ...], Field(max_length=24)]


class Part(BaseModel):
    """Base of everything terms are made of: never changed in place, nothing unknown inside."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Wording(Part):
    """One text in the three languages of the screens."""

    fr: Annotated[str, Field(min_length=1, max_length=300)]
    en: Annotated[str, Field(min_length=1, max_length=300)]
    pt: Annotated[str, Field(min_length=1, max_length=300)]


class OpeningHours(Part):
    """When badges open, by the week, in the zone of the locker's site; a span past midnight is two spans."""

    days: Annotated[tuple[OpenDay, ...], Field(min_length=7, max_length=7)]

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        self.weekly  # noqa: B018 - the wire's own check
        return self

    @property
    def weekly(self) -> WeeklySchedule:
        """The schedule as the access list carries it."""
        return WeeklySchedule(self.days)


class Contribution(Part):
    """What a person is asked to give, in cents of euros; it can always be waived."""

    cents: Annotated[int, Field(ge=1, le=100_000)]
    every: Every


class Condition(Part):
    """Something asked before a contract; `exceptions` are the codes of reasons for which a person may go without."""

    code: Code
    text: Wording
    exceptions: Annotated[tuple[Code, ...], Field(max_length=20)] = ()


class LoanLimits(Part):
    """What a tool library lends, and from when on someone is alerted. Nothing here refuses by itself but `at_once`.

    `due_minute`: the time of day a loan is due, in minutes after local midnight. `project_days`, `support_days`: how
    long a project's process and its support may take before an alert; `work_days`: open days of one work site.
    """

    at_once: Annotated[int, Field(ge=1, le=100)] = 5
    days: Days = 7
    due_minute: Minute = 18 * 60
    due_soon_days: Annotated[int, Field(ge=0, le=60)] = 1
    extensions: Annotated[int, Field(ge=0, le=50)] = 1
    work_days: Days = 4
    project_days: Days = 61
    support_days: Days = 183


class Terms(Part):
    """Every term has a value that suits solidarity lockers; a scheme states its own.

    Contacts: a person is to be seen every `contact_days` (None: no cadence); their worker is warned after
    `warn_after` missed ones and asked for a review after `review_after`; `no_news_days` without any contact puts them
    on that list. None of them changes a contract. A contract lasts `term_months`; then `grace_days` to collect
    (0: none); what is left is kept `keep_days`. Without `hours` badges open day and night.
    """

    contact_days: Days | None = 7
    warn_after: Annotated[int, Field(ge=1, le=100)] = 1
    review_after: Annotated[int, Field(ge=1, le=100)] = 4
    no_news_days: Days = 14
    term_months: Annotated[int, Field(ge=1, le=120)] = 12
    grace_days: Annotated[int, Field(ge=0, le=365)] = 14
    keep_days: Annotated[int, Field(ge=1, le=3_660)] = 30
    contribution: Contribution | None = None
    hours: OpeningHours | None = None
    conditions: Annotated[tuple[Condition, ...], Field(max_length=50)] = ()
    loans: LoanLimits | None = None
    calendar: Calendar = Calendar()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.review_after < self.warn_after:
            raise ValueError("a review comes no sooner than a warning: review_after is less than warn_after")
        codes = [condition.code for condition in self.conditions]
        if len(set(codes)) != len(codes):
            raise ValueError("two conditions have the same code")
        return self


class TermsColumn(TypeDecorator[Terms]):
    """Terms as JSON text, written in full, so that a later default changes nothing that was signed."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Terms | None, _dialect: Dialect) -> str | None:
        """The text to store."""
        return None if value is None else value.model_dump_json()

    def process_result_value(self, value: Any, _dialect: Dialect) -> Terms | None:
        """The terms in a stored text."""
        return None if value is None else stored_terms(value)


def read_terms(text: str) -> Terms:
    """Terms someone wrote as JSON. Raises InvalidError with code `terms`, which names what is wrong and where."""
    try:
        return Terms.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InvalidError("terms", f"the terms are not right at {where}: {first['msg']}") from error


# Thousands of contracts share a few terms.
@lru_cache(maxsize=256)
def stored_terms(text: str) -> Terms:
    """The terms in the text of a row."""
    return Terms.model_validate_json(text)
