"""The page of safekeeping: every bag with which anything is still to be done is on one of its pages, once."""

import re
from datetime import date

from gateway.custody.models import Custody
from gateway.db import new_id
from gateway.lockers.service import locker_of
from gateway.paging import PAGE_SIZE
from tests.unit.gateway.town import NOON, TODAY


def _kept(session, locker, label, keep_until):
    session.add(
        Custody(
            id=new_id(NOON), locker=locker, begun_at=NOON, begun_by="test", witness="holder", witnessed_at=NOON,
            label=label, place="Shelf 3", stored_at=NOON, keep_until=keep_until, things=[],
        )
    )  # fmt: skip


def _bags(page):
    return re.findall(r'href="(/safekeeping/[^"]+)"', page)


def _pages(worker):
    """What each page lists, in turn."""
    page = worker.get("/safekeeping")
    yield _bags(page), page
    while found := re.search(r'href="(/safekeeping\?after=[^"]+)"', page):
        page = worker.get(found[1])
        yield _bags(page), page


def test_behind_a_hundred_old_bags_an_interrupted_inventory_comes_first_and_a_new_bag_is_found(office, worker):
    with office.database.writing() as session:
        locker = locker_of(session, office.town.bank, 1)
        for number in range(PAGE_SIZE):
            _kept(session, locker, f"OLD-{number}", date(2020, 1, 1 + number % 9))
        _kept(session, locker, "NEW-1", TODAY)
        session.add(Custody(id=new_id(NOON), locker=locker, begun_at=NOON, begun_by="test", things=[]))
    first, second = _pages(worker)
    assert (len(first[0]), len(second[0])) == (PAGE_SIZE, 2)
    assert len({*first[0], *second[0]}) == PAGE_SIZE + 2
    with office.database.reading() as session:
        under_way = session.query(Custody).filter(Custody.stored_at.is_(None)).one().id
    assert first[0][0] == f"/safekeeping/{under_way}"
    assert "NEW-1" in second[1]
    assert "NEW-1" not in first[1]


def test_a_page_goes_on_behind_a_bag_that_was_closed_meanwhile(office, worker):
    with office.database.writing() as session:
        locker = locker_of(session, office.town.bank, 1)
        for number in range(PAGE_SIZE + 1):
            _kept(session, locker, f"B-{number:03}", TODAY)
    last = _bags(worker.get("/safekeeping"))[-1]
    with office.database.writing() as session:
        session.get_one(Custody, last.rsplit("/", 1)[1]).closed_at = NOON
    (left,) = _bags(worker.get(f"/safekeeping?after={last.rsplit('/', 1)[1]}"))
    assert left not in _bags(worker.get("/safekeeping"))[:-1]
    assert _bags(worker.get("/safekeeping?after=unknown"))
