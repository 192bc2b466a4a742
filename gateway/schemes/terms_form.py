"""Terms as the fields of one form, and back. Conditions and single days off have small forms of their own."""

import re

from pydantic import ValidationError

from gateway.money.amounts import cents_of
from gateway.schemes.calendar import Calendar
from gateway.schemes.codes import Every
from gateway.schemes.terms import Contribution, LoanLimits, OpeningHours, Terms
from gateway.web.forms import Form
from gateway.web.i18n import N_

# field -> least, most
NUMBERS = {
    "warn_after": (1, 100),
    "review_after": (1, 100),
    "no_news_days": (1, 1_000),
    "term_months": (1, 120),
    "grace_days": (0, 365),
    "keep_days": (1, 3_660),
}
LIMITS = {
    "at_once": (1, 100),
    "days": (1, 1_000),
    "due_soon_days": (0, 60),
    "extensions": (0, 50),
    "work_days": (1, 1_000),
    "project_days": (1, 1_000),
    "support_days": (1, 1_000),
}
_SPAN = re.compile(r"(\d{1,2})[:hH](\d{2})?\s*[-–]\s*(\d{1,2})[:hH](\d{2})?")
_HOURS = N_("Write hours like 09:00-12:00, 14:00-17:00; nothing on a day that is closed.")


def clock(minute: int) -> str:
    """`09:00`; the end of a day is `24:00`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def form_of(terms: Terms) -> Form:
    """The form, filled in."""
    values = {name: str(getattr(terms, name)) for name in NUMBERS}
    values["contact_days"] = str(terms.contact_days or "")
    if terms.contribution:
        values |= {"amount": f"{terms.contribution.cents / 100:.2f}", "every": terms.contribution.every}
    if terms.hours:
        for weekday, spans in enumerate(terms.hours.days):
            values[f"hours-{weekday}"] = ", ".join(f"{clock(start)}-{clock(end)}" for start, end in spans)
    values |= {f"off-{weekday}": "yes" for weekday in terms.calendar.weekly_off}
    if terms.loans:
        values |= {name: str(getattr(terms.loans, name)) for name in LIMITS}
        values["due_time"] = clock(terms.loans.due_minute)
    return Form(values)


def terms_in(form: Form, before: Terms) -> Terms:
    """The terms that a form says; what it has no field for stays as `before`. Marks what is wrong on the form."""
    said: dict[str, object] = {
        name: form.number(name, most, least) for name, (least, most) in NUMBERS.items()
    } | {
        "contact_days": form.number("contact_days") if form.get("contact_days").strip() else None,
        "contribution": _contribution(form),
        "hours": _hours(form),
        "calendar": Calendar(weekly_off=_days_off(form), dates_off=before.calendar.dates_off),
        "loans": _limits(form) if before.loans else None,
    }  # fmt: skip
    if int(str(said["review_after"])) < int(str(said["warn_after"])):
        form.error("review_after", N_("A review comes no sooner than a warning."))
    return before.model_copy(update=said)


def _contribution(form: Form) -> Contribution | None:
    if not form.text("amount", required=False):
        return None
    cents, every = cents_of(form.get("amount")), form.choice("every", list(Every))
    if not cents or cents > 100_000:
        form.error("amount", N_("Please give an amount, for example 3.50."))
        return None
    return Contribution(cents=cents, every=Every(every)) if every in set(Every) else None


def _hours(form: Form) -> OpeningHours | None:
    """None where no day says anything: day and night."""
    days = [_spans(form, f"hours-{weekday}") for weekday in range(7)]
    if not any(days):
        return None
    try:
        return OpeningHours(days=tuple(days))
    except ValidationError:
        form.error("hours-0", _HOURS)
        return None


def _spans(form: Form, field: str) -> tuple[tuple[int, int], ...]:
    text = form.get(field).strip()
    spans = []
    for part in text.split(",") if text else ():
        found = _SPAN.fullmatch(part.strip())
        if found is None:
            form.error(field, _HOURS)
            return ()
        start, start_minutes, end, end_minutes = (int(group or 0) for group in found.groups())
        spans.append((start * 60 + start_minutes, end * 60 + end_minutes))
    if any(not 0 <= start < end <= 24 * 60 for start, end in spans):
        form.error(field, _HOURS)
        return ()
    return tuple(spans)


def _days_off(form: Form) -> tuple[int, ...]:
    off = tuple(weekday for weekday in range(7) if form.get(f"off-{weekday}"))
    if len(off) == 7:
        form.error("off-0", N_("At least one day of the week must be left."))
        return ()
    return off


def _limits(form: Form) -> LoanLimits:
    said = {name: form.number(name, most, least) for name, (least, most) in LIMITS.items()}
    return LoanLimits(**said, due_minute=form.minute("due_time"))
