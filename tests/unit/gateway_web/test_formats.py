"""Dates and times are told in the place's zone and the reader's language; forms keep what was typed."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from gateway.days import term_end
from gateway.errors import ConflictError, InvalidError, OfflineError
from gateway.staff.pages import _own_path
from gateway.web import formats
from gateway.web.forms import MAX_FIELD, Form
from gateway.web.refusals import tell

PARIS = ZoneInfo("Europe/Paris")
NOON = 1_795_258_927_000  # 2026-11-21 12:02:07 in Paris


@pytest.mark.parametrize(
    ("instant", "language", "text"),
    [
        (NOON, "fr", "12:02:07"),
        (NOON - 86_400_000, "fr", "12:02 le 20 nov."),
        (NOON - 86_400_000, "en", "12:02 on 20 Nov"),
        (NOON - 366 * 86_400_000, "fr", "12:02 le 20 nov. 2025"),
    ],
)
def test_today_is_told_to_the_second_and_other_days_with_their_date(instant, language, text):
    assert formats.moment(instant, PARIS, language, NOON) == text


def test_the_day_of_an_instant_is_the_places_own():
    late_evening_utc = 1_795_303_800_000  # 23:30 UTC on the 21st is half past midnight in Paris
    assert formats.day(late_evening_utc, PARIS, "fr") == "22 novembre 2026"
    assert formats.day(date(2026, 3, 1), PARIS, "pt") == "1 de março de 2026"


def test_a_duration_is_told_in_one_unit():
    assert formats.duration(125_000, "en") == "2 minutes"
    assert formats.duration(125_000, "fr") == "2 minutes"


def test_a_form_marks_what_is_missing_and_keeps_the_rest():
    form = Form({"name": " Awa ", "day": "2026-02-30", "locker": "montreuil-1/x", "long": "x" * 2_000})
    assert form.text("name") == "Awa"
    form.text("other")
    form.day("day")
    form.locker("locker")
    assert set(form.errors) == {"other", "day", "locker"}
    assert form.get("day") == "2026-02-30"
    assert len(form.get("long")) == MAX_FIELD


def test_a_refusal_stands_beside_its_field_or_over_the_form_where_there_is_no_such_field():
    form = Form({"locker": "montreuil-1/5"})
    tell(form, ConflictError("locker_taken", "taken"))
    tell(form, OfflineError("offline", "not heard"))
    assert set(form.errors) == {"locker", ""}
    bare = Form()
    tell(bare, ConflictError("locker_taken", "taken"))
    assert set(bare.errors) == {""}


@pytest.mark.parametrize(
    ("day", "months", "last"),
    [
        (date(2026, 11, 21), 12, date(2027, 11, 20)),
        (date(2026, 1, 31), 1, date(2026, 2, 27)),
        (date(2026, 12, 1), 3, date(2027, 2, 28)),
    ],
)
def test_a_term_of_months_ends_the_day_before_the_same_date(day, months, last):
    assert term_end(day, months) == last


def test_a_term_past_the_calendar_s_end_is_refused_at_once():
    assert term_end(date(9999, 1, 1), 11) == date(9999, 11, 30)
    with pytest.raises(InvalidError, match=r"^9999-01-01 is out of range"):
        term_end(date(9999, 1, 1), 12)


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil", "https://evil.example", "/\tx", "x", ""])
def test_an_address_that_leads_elsewhere_becomes_the_wall(path):
    assert _own_path(path) == "/"


def test_an_address_of_this_site_is_kept():
    assert _own_path("/lockers/montreuil-1/5") == "/lockers/montreuil-1/5"
