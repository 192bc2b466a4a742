"""Schemes as pages without scripts: read, made from a template, changed, copied."""

from collections.abc import Callable
from datetime import date

import pytest

from gateway.lockers import service as places
from gateway.schemes import service as schemes
from gateway.schemes.codes import Every, Service
from gateway.schemes.models import Scheme
from gateway.schemes.templates import TEMPLATES
from gateway.schemes.terms_form import form_of, terms_in
from gateway.staff import service as accounts
from gateway.web.forms import Form
from tests.unit.gateway.luggage.conftest import Office
from tests.unit.gateway.town import NOON, Town

Opened = Callable[[int], Office]
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.mark.parametrize("service", Service)
def test_terms_come_out_of_their_form_as_they_went_in(service: Service) -> None:
    terms = TEMPLATES[service].terms
    form = form_of(terms)
    assert terms_in(form, terms) == terms
    assert form.valid


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hours-0", "morning"),
        ("hours-0", "12:00-09:00"),
        ("hours-0", "23:00-25:00"),
        ("term_months", "0"),
        ("grace_days", "-1"),
        ("amount", "a little"),
        ("review_after", "0"),
    ],
)
def test_what_no_scheme_can_mean_is_marked_beside_its_field(field: str, value: str) -> None:
    terms = TEMPLATES[Service.LUGGAGE].terms
    form = Form({**form_of(terms).values, field: value})
    terms_in(form, terms)
    assert list(form.errors) == [field]


@on_sqlite
def test_a_scheme_is_made_from_a_template_changed_and_read(town: Town, office: Opened) -> None:
    operator = office(NOON).as_role("operator")
    home = operator.post("/schemes", organisation=town.organisation_id, service="luggage", scheme_name="")
    url = home.partition("?")[0]
    page = operator.page(url)
    assert "<h1>Luggage room</h1>" in page
    assert "3.00 € each year" in page
    with town.reading() as session:
        values = form_of(schemes.scheme_of(session, url.rpartition("/")[2]).terms).values
    refused = operator.post(f"{url}/terms", 422, **{**values, "hours-2": "all day"})
    assert "Write hours like" in refused
    form = {**values, "term_months": "3", "hours-2": "10:00-12:30", "amount": "2", "every": "visit", "off-5": ""}
    operator.post(f"{url}/terms", **form)
    page = operator.page(url)
    assert "3 months" in page
    assert "Wednesday: 10:00-12:30" in page
    assert "2.00 € for each visit" in page
    operator.post(f"{url}/days-off", off_from="2026-08-10", off_to="2026-08-12")
    operator.post(f"{url}/drop-day", day="2026-08-11")
    operator.post(f"{url}/condition", text_fr="Vit à Lille", text_en="Lives near", text_pt="Vive perto")
    assert "Please fill this in." in operator.post(f"{url}/condition", 422, text_fr="Seul")
    operator.post(f"{url}/drop-condition", condition=TEMPLATES[Service.LUGGAGE].terms.conditions[0].code)
    with town.reading() as session:
        terms = schemes.scheme_of(session, url.rpartition("/")[2]).terms
        assert terms.calendar.dates_off == (date(2026, 8, 10), date(2026, 8, 12))
        assert terms.contribution is not None
        assert (terms.contribution.cents, terms.contribution.every) == (200, Every.VISIT)
        assert terms.conditions[-1].text.en == "Lives near"
        assert len(terms.conditions) == len(TEMPLATES[Service.LUGGAGE].terms.conditions)


@on_sqlite
def test_a_new_condition_never_gets_the_code_of_one_that_was_dropped(town: Town, office: Opened) -> None:
    operator = office(NOON).as_role("operator")
    with town.writing() as session:
        scheme = schemes.add_scheme(
            session, organisation_id=town.organisation_id, service=Service.LOCKERS, name="Room", actor="t", now=NOON
        ).id

    def add(text: str) -> str:
        operator.post(f"/schemes/{scheme}/condition", text_fr=text, text_en=text, text_pt=text)
        with town.reading() as session:
            return schemes.scheme_of(session, scheme).terms.conditions[-1].code

    first = add("Lives in the town")
    operator.post(f"/schemes/{scheme}/drop-condition", condition=first)
    second = add("The dog is vaccinated")
    assert len({first, second, add("Was referred")}) == 3


@on_sqlite
def test_another_organisations_scheme_is_copied_and_never_changed(town: Town, office: Opened) -> None:
    opened = office(NOON)
    operator = opened.as_role("operator")
    with town.writing() as session:
        scheme = schemes.add_scheme(
            session, organisation_id=town.organisation_id, service=Service.LUGGAGE, name="Room", actor="t", now=NOON
        )
        other = places.organisation_named(session, "Elsewhere", actor="t", now=NOON).id
        accounts.staff_of(session, operator.staff_id).organisation_id = other
    url = f"/schemes/{scheme.id}"
    assert "Change the terms" not in operator.page(url)
    assert "Another organisation decides about this" in operator.post(f"{url}/close", 422)
    operator.post(f"{url}/terms", 403)
    operator.post(f"{url}/copy", 422, organisation=town.organisation_id)
    copy = operator.post(f"{url}/copy", organisation=other, copy_name="").partition("?")[0]
    assert "already" in operator.post(f"{url}/copy", 422, organisation=other, copy_name="Room")
    operator.post(f"{copy}/close")
    assert "it takes no new contracts" in operator.page(copy)
    with town.reading() as session:
        made = session.get_one(Scheme, copy.rpartition("/")[2])
        assert (made.copied_from, made.terms) == (scheme.id, scheme.terms)
        assert schemes.scheme_of(session, scheme.id).closed_at is None
    worker = opened.as_role("worker")
    assert "Copy it" not in worker.page(url)
    worker.post(f"{url}/close", 403)
