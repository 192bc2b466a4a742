"""The page of a block, and what it says of two devices that speak as one."""

import pytest

from gateway.events.service import record
from gateway.lockers import service as lockers
from tests.unit.gateway.pages.conftest import Office
from tests.unit.gateway.town import NOON

TWO = "Two devices may be speaking as this block"


@pytest.mark.parametrize("kind", ["epoch_link_broken", "session_conflict"])
def test_a_card_that_was_copied_or_put_back_is_told_on_its_block_s_page_for_a_week(office: Office, kind: str) -> None:
    technician = office.browser("technician")
    assert TWO not in technician.get(f"/blocks/{office.town.bank}")
    with office.database.writing() as session:
        record(session, kind, now=NOON, bank_id=office.town.bank)
    assert TWO in technician.get(f"/blocks/{office.town.bank}")
    assert TWO in technician.get("/blocks")
    office.now += 8 * 86_400_000
    assert TWO not in office.browser("technician").get(f"/blocks/{office.town.bank}")


def test_adding_a_number_that_was_taken_out_for_good_is_refused_in_words(office: Office) -> None:
    admin, url = office.browser("operator"), f"/places/{office.town.bank}"
    with office.database.writing() as session:
        lockers.retire_locker(session, office.town.bank, 6, actor="t", now=NOON)
    admin.get(url)
    assert "was taken out for good" in admin.send(f"{url}/lockers", first="6", last="7", lock="badge")
    with office.database.reading() as session:
        assert lockers.locker_count(session, office.town.bank) == 5
