"""Stock badges by their printed number, the lost one dead first, several a person, and how many there are."""

import pytest
from sqlalchemy.exc import IntegrityError

from gateway.access import lists
from gateway.access.changes import AccessChanged
from gateway.access.service import register_badge
from gateway.badges import replacing, service, stock
from gateway.badges.models import Badge
from gateway.db import Base
from gateway.errors import ConflictError, InvalidError, NotFoundError
from tests.unit.gateway.town import NOON, Town


def digests(town: Town) -> set[str]:
    with town.reading() as session:
        return {grant.digest for grant in lists.build(session, town.bank, version=1, now=NOON).grants}


def printed(town: Town, number: str) -> Badge:
    with town.reading() as session:
        return stock.by_printed_number(session, town.site_id, number)


def test_a_stock_badge_is_found_by_its_printed_number_however_it_is_typed(town: Town) -> None:
    badge = town.badge()
    assert badge.printed == "M-001"
    assert {printed(town, typed).id for typed in ("M-001", "m-001", " m - 001 ")} == {badge.id}
    with pytest.raises(NotFoundError):
        printed(town, "M-002")
    with pytest.raises(InvalidError):
        printed(town, " ")


def test_a_printed_number_stands_for_one_live_badge_of_a_site(town: Town) -> None:
    first = town.badge()
    with town.writing() as session, pytest.raises(ConflictError) as refused:
        stock.free_number(session, town.site_id, "m-001")
    assert refused.value.code == "printed"
    with pytest.raises(IntegrityError), town.writing() as session:  # noqa: PT012 - it is the flush that is refused
        session.add(
            Badge(
                id="x", site_id=town.site_id, key_id=first.key_id, digest="f" * 32, label="M-001", printed="M-001",
                registered_at=NOON,
            )
        )  # fmt: skip
        session.flush()
    with town.writing() as session:
        service.revoke(session, first.id, reason="broken", actor="lea", now=NOON)
        assert stock.free_number(session, town.site_id, "M-001") == "M-001"


def test_a_stock_badge_needs_a_short_number(town: Town) -> None:
    with town.writing() as session, pytest.raises(InvalidError) as refused:
        register_badge(
            session, town.keystore, site_id=town.site_id, number="em4100:00000000AB", label="x" * 17, actor="lea",
            now=NOON,
        )  # fmt: skip
    assert refused.value.code == "printed"


def test_several_badges_of_a_person_open_and_losing_one_leaves_the_other(town: Town) -> None:
    person = town.person()
    one, other = town.badge(person), town.badge(person)
    town.assign(person)
    assert digests(town) == {one.digest, other.digest}
    with town.writing() as session:
        replacing.dead_first(session, one.id, reason="lost", actor="lea", now=NOON)
    assert digests(town) == {other.digest}


def test_a_lost_badge_is_dead_even_if_the_new_one_is_refused(town: Town) -> None:
    person, thief = town.person(), town.person("Mo")
    old, taken = town.badge(person), town.badge(thief)
    town.assign(person)
    told: list[object] = []
    town.database.listeners.append(told.append)
    with town.writing() as session:
        replacing.dead_first(session, old.id, actor="lea", now=NOON)
    assert AccessChanged(town.bank) in told
    with town.writing() as session, pytest.raises(ConflictError):
        service.give(session, taken.id, person_id=person.id, site_id=town.site_id, actor="lea", now=NOON)
    assert digests(town) == set()


def test_the_new_badge_says_which_one_it_came_after_and_only_once(town: Town) -> None:
    person = town.person()
    old, new = town.badge(person), town.badge()
    town.assign(person)
    with town.writing() as session:
        alive, fresh = service.badge_of(session, old.id), service.badge_of(session, new.id)
        with pytest.raises(ConflictError):
            replacing.succeed(alive, fresh)
        replacing.dead_first(session, old.id, actor="lea", now=NOON)
        service.give(session, new.id, person_id=person.id, site_id=town.site_id, actor="lea", now=NOON)
        replacing.succeed(alive, fresh)
        session.flush()
        with pytest.raises(ConflictError) as again:
            replacing.dead_first(session, old.id, actor="lea", now=NOON)
    assert again.value.code == "badge_replaced"
    assert digests(town) == {new.digest}


def test_a_stock_badge_is_not_replaced_and_an_odd_reason_is_refused(town: Town) -> None:
    badge = town.badge()
    with town.writing() as session:
        with pytest.raises(ConflictError):
            replacing.dead_first(session, badge.id, actor="lea", now=NOON)
        with pytest.raises(InvalidError):
            replacing.dead_first(session, "x", reason="ate_it", actor="lea", now=NOON)


def test_how_someone_was_recognised_is_sealed_and_written_once(town: Town) -> None:
    badge = town.badge(town.person())
    note = "Cicatrice au menton, connait le nom de son chien"
    with town.writing() as session:
        replacing.recognise(session, badge.id, how="known_to_staff", note=note, actor="lea", now=NOON)
        with pytest.raises(ConflictError):
            replacing.recognise(session, badge.id, how="answers", actor="lea", now=NOON)
        with pytest.raises(InvalidError):
            replacing.recognise(session, badge.id, how="identity_card_number", actor="lea", now=NOON)
    with town.reading() as session:
        assert replacing.recognition_of(session, badge.id).note == note
        raw = session.connection().exec_driver_sql("SELECT * FROM recognition").all()
        trail = session.connection().exec_driver_sql("SELECT * FROM audit_record").all()
    assert "Cicatrice" not in repr(raw)
    assert "Cicatrice" not in repr(trail)


def test_a_badge_not_returned_is_dead_counted_and_never_charged(town: Town) -> None:
    person = town.person()
    badge = town.badge(person)
    town.assign(person)
    town.badge()
    with town.writing() as session:
        service.revoke(session, badge.id, reason="not_returned", actor="lea", now=NOON)
    with town.reading() as session:
        found = stock.counts(session, [town.site_id])
        elsewhere = stock.counts(session, ["another-site"])
    assert (found.stock, found.in_use, found.dead) == (1, 0, {"not_returned": 1})
    assert (elsewhere.stock, elsewhere.in_use, elsewhere.dead) == (0, 0, {})
    assert digests(town) == set()
    # Nothing that is asked of a person can even name a badge.
    charged = [table for table in Base.metadata.sorted_tables if table.name in ("claim", "money_movement")]
    assert charged
    assert not any("badge" in column.name for table in charged for column in table.columns)
