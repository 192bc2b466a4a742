"""How often someone is to be seen, and what follows when they are not: a pure calculation over days.

It says whom to look for. It decides nothing: no door, badge or contract depends on it.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from gateway.schemes.calendar import Calendar


class Call(StrEnum):
    """What a person's cadence asks of their worker today, the most pressing last."""

    NOTHING = "nothing"
    AWAY = "away"
    TO_SEE = "to_see"
    MISSED = "missed"
    REVIEW = "review"


@dataclass(frozen=True)
class Rhythm:
    """The terms that hold for one person; `days` None: no cadence. `calendar`: no one is due on a day off."""

    days: int | None
    warn_after: int
    review_after: int
    no_news_days: int
    calendar: Calendar


@dataclass(frozen=True)
class Marks:
    """What happened on which day. `start`: of the contract; `anew`: counting began anew (another cadence, back again).

    `reviewed`: the last decision of a review, which rests until `again_on` if that was said. `asked`: a review is open.
    """

    start: date
    contact: date | None = None
    anew: date | None = None
    reviewed: date | None = None
    again_on: date | None = None
    asked: bool = False
    away: bool = False

    @property
    def last_news(self) -> date:
        """The last contact, or the start where there was none."""
        return max(self.start, self.contact or self.start)

    @property
    def counted_from(self) -> date:
        """The day from which the next contact is due."""
        return max(self.last_news, self.anew or self.start)


@dataclass(frozen=True)
class Due:
    """`due_on`: the day to see someone; `missed`: contacts that did not come; `no_news`: days since the last one.

    `long_silent`: longer than the scheme finds usual.
    """

    call: Call
    due_on: date | None
    missed: int
    no_news: int
    long_silent: bool


def judge(rhythm: Rhythm, marks: Marks, today: date) -> Due:
    """What holds `today`. Someone who is away is neither due nor missed: counting begins anew when they are back."""
    no_news = max(0, (today - marks.last_news).days)
    if marks.away:
        return Due(Call.AWAY, None, 0, no_news, long_silent=False)
    due_on, missed = None, 0
    if rhythm.days is not None:
        due_on = rhythm.calendar.next_open(marks.counted_from + timedelta(rhythm.days))
        missed = _missed(rhythm, marks.counted_from, today)
    call = Call.REVIEW if _review_is_due(rhythm, marks, today) else _call(rhythm, due_on, missed, today)
    return Due(call, due_on, missed, no_news, long_silent=no_news >= rhythm.no_news_days)


def _call(rhythm: Rhythm, due_on: date | None, missed: int, today: date) -> Call:
    if missed >= rhythm.warn_after:
        return Call.MISSED
    return Call.TO_SEE if due_on is not None and today >= due_on else Call.NOTHING


def _review_is_due(rhythm: Rhythm, marks: Marks, today: date) -> bool:
    if marks.asked:
        return True
    if marks.again_on is not None:
        return today >= marks.again_on
    since = max(marks.counted_from, marks.reviewed or marks.start)
    return _missed(rhythm, since, today) >= rhythm.review_after


def _missed(rhythm: Rhythm, since: date, today: date) -> int:
    """Days to see someone that have passed since then; what a closed time moves to one open day is one contact."""
    if rhythm.days is None:
        return 0
    count, due = 0, rhythm.calendar.next_open(since + timedelta(rhythm.days))
    while due < today:
        count += 1
        turns = (due - since).days // rhythm.days + 1  # the first whose day has not been counted yet
        due = rhythm.calendar.next_open(since + timedelta(turns * rhythm.days))
    return count
