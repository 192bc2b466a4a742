"""What is changed of a block on its page."""

from gateway.lockers import service as lockers
from tests.unit.gateway.pages.conftest import Office
from tests.unit.gateway.town import NOON


def test_adding_a_number_that_was_taken_out_for_good_is_refused_in_words(office: Office) -> None:
    admin, url = office.browser("operator"), f"/places/{office.town.bank}"
    with office.database.writing() as session:
        lockers.retire_locker(session, office.town.bank, 6, actor="t", now=NOON)
    admin.get(url)
    assert "was taken out for good" in admin.send(f"{url}/lockers", first="6", last="7", lock="badge")
    with office.database.reading() as session:
        assert lockers.locker_count(session, office.town.bank) == 5
