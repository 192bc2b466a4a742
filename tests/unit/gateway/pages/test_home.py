"""The time that staff read is that of the place, or of their own organisation's first place: never of another town."""

import pytest

from gateway.loans import service as loans
from gateway.lockers.service import organisation_named, site_named, site_of
from gateway.staff.service import staff_of
from tests.unit.gateway.loans.library import open_library
from tests.unit.gateway.pages.conftest import Browser, Office
from tests.unit.gateway.town import NOON

# Noon in Paris.
HERE = {"Europe/Lisbon": "11:00", "Europe/Paris": "12:00", "Indian/Reunion": "14:00"}


def settle(office: Office, zone: str) -> None:
    with office.database.writing() as session:
        site_of(session, office.town.site_id).zone = zone


@pytest.mark.parametrize("zone", HERE)
def test_the_wall_s_time_is_that_of_the_place(office: Office, worker: Browser, zone: str) -> None:
    settle(office, zone)
    assert f"{HERE[zone]}:00" in worker.get("/")


def test_of_several_places_the_first_of_one_s_own_organisation_tells_the_time(office: Office, worker: Browser) -> None:
    with office.database.writing() as session:
        own = organisation_named(session, "Réunion", actor="test", now=NOON).id
        site_named(session, "Saint-Denis", organisation_id=own, zone="Indian/Reunion", actor="test", now=NOON + 1)
        staff_of(session, worker.staff_id).organisation_id = own
    assert "14:00:00" in worker.get("/")


def test_who_decided_last_is_told_at_the_time_of_the_place(office: Office, worker: Browser) -> None:
    nadia, contract = office.holder()
    settle(office, "Indian/Reunion")
    worker.get(f"/contracts/{contract.id}/end")
    stale = worker.form(f"/contracts/{contract.id}/end")
    worker.send(f"/contracts/{contract.id}/end", reason="agreed")
    again = worker.client.post(f"/contracts/{contract.id}/end", data={**stale, "once": "o" * 20, "reason": "agreed"})
    assert "by Léa Martin at 14:00:00" in again.text, nadia.id


def test_a_loan_is_due_at_the_time_of_its_place(office: Office, worker: Browser) -> None:
    settle(office, "Indian/Reunion")
    library = open_library(office.town)
    loan = library.plan(0)
    with office.database.reading() as session:
        assert loans.loan_of(session, loan.id).due_at == loan.due_at
    assert "18:00" in worker.get(f"/tools/loans/{loan.id}")
    assert "18:00" in worker.get(f"/tools/{library.scheme_id}")
