"""The facts kept in memory follow every change that is committed, on both databases."""

import asyncio
from datetime import date

import numpy as np
import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import OperationalError

from gateway.app import _keep_warm
from gateway.care.models import Contact
from gateway.contracts.models import EndReason
from gateway.days import local_day
from gateway.reports import ledger as ledgers
from gateway.reports.columns import ABSENT, DAY_MS, local_days, numbers, pairs, whole_months
from gateway.reports.ledger import KeptLedger, Ledger
from gateway.reports.models import FactChange
from gateway.reports.period import whole_months as months_between
from gateway.reports.service import report_on
from gateway.reports.sheets import LAYOUTS
from tests.unit.gateway.town import DAY, NOON, TODAY, Town

ZONES = ["Europe/Paris", "Africa/Casablanca", "Asia/Kolkata", "America/Sao_Paulo", "Pacific/Apia"]


def assert_follows(town: Town, kept: KeptLedger) -> None:
    """What is kept gives the same report as what is read from the tables now."""
    with town.reading() as session:
        asked = {"starts_on": TODAY, "as_of": date(2027, 1, 1)}
        assert report_on(session, "network", **asked, ledger=kept.now(session)) == report_on(
            session, "network", **asked
        )


def contact(town: Town, person_id: str, number: int) -> None:
    with town.writing() as session:
        session.add(
            Contact(
                id=f"c{number}", person_id=person_id, at=NOON + number * DAY, kind="met", place="street",
                recorded_by="test", recorded_at=NOON,
            )
        )  # fmt: skip


def test_kept_facts_follow_what_is_added_changed_and_removed(town: Town) -> None:
    kept = KeptLedger(town.database)
    nadia, omar = town.person("Nadia"), town.person("Omar")
    assert_follows(town, kept)
    contract = town.assign(nadia)
    assert_follows(town, kept)
    for number, person in enumerate((nadia, omar, nadia)):
        contact(town, person.id, number)
        assert_follows(town, kept)
    with town.writing() as session:
        session.execute(update(Contact).where(Contact.id == "c0").values(withdrawn_at=NOON, withdrawn_by="test"))
    assert_follows(town, kept)
    with town.writing() as session:
        session.execute(update(Contact).where(Contact.id == "c1").values(person_id=nadia.id))
    assert_follows(town, kept)
    with town.writing() as session:
        session.add_all(EndReason(contract_id=contract.id, reason=reason) for reason in ("work", "agreed"))
    assert_follows(town, kept)
    with town.writing() as session:
        session.execute(delete(EndReason).where(EndReason.reason == "work"))
        session.execute(delete(Contact).where(Contact.id == "c2"))
    assert_follows(town, kept)


def test_a_change_reads_only_what_changed(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, nadia = KeptLedger(town.database), town.person("Nadia")
    with town.reading() as session:
        before = kept.now(session)
    contact(town, nadia.id, 1)
    monkeypatch.setattr(Ledger, "read", lambda _session: pytest.fail("everything was read again"))
    with town.reading() as session:
        after = kept.now(session)
        assert kept.now(session) is after
    assert [name for name in LAYOUTS if after[name] is not before[name]] == ["contact"]


@pytest.mark.parametrize("late", ["too many changes", "changes dropped"])
def test_whoever_is_too_far_behind_reads_everything(town: Town, monkeypatch: pytest.MonkeyPatch, late: str) -> None:
    kept, nadia = KeptLedger(town.database), town.person("Nadia")
    assert_follows(town, kept)
    for number in range(3):
        contact(town, nadia.id, number)
    if late == "too many changes":
        town.person("Omar")
        monkeypatch.setattr(ledgers, "FOLLOWED_AT_MOST", 0)
    else:
        with town.writing() as session:
            newest = session.scalar(select(func.max(FactChange.id)))
            session.execute(delete(FactChange).where(FactChange.id < newest))
    assert_follows(town, kept)


def test_warming_reads_the_facts_and_drops_old_changes(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "CHANGES_KEPT", 2)
    town.assign(town.person("Nadia"))
    kept = KeptLedger(town.database)
    kept.warm()
    with town.reading() as session:
        assert len(session.scalars(select(FactChange)).all()) == 2
    assert_follows(town, kept)


def test_old_changes_are_dropped_each_day_also_after_a_day_on_which_that_failed() -> None:
    stopping, days = asyncio.Event(), []

    class Failing:
        def warm(self) -> None:
            days.append(len(days))
            if len(days) == 3:
                stopping.set()
            if len(days) == 1:
                raise OperationalError("", {}, Exception("the database is away"))

    asyncio.run(_keep_warm(Failing(), stopping, every_s=0))
    assert days == [0, 1, 2]


def test_every_table_of_the_ledger_notes_its_changes(town: Town) -> None:
    with town.reading() as session:
        sqlite = session.get_bind().dialect.name == "sqlite"
        names = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        found = set(session.scalars(text(names if sqlite else "SELECT tgname FROM pg_trigger")))
    assert {f"{sheet}_fact_{when}" for sheet in LAYOUTS for when in ("insert", "update", "delete")} <= found


@pytest.mark.parametrize("zone", ZONES)
def test_days_of_a_column_are_those_of_single_instants(zone: str) -> None:
    instants = [at * DAY_MS // 4 + step for at in range(12_000, 86_000, 97) for step in (-1, 0, 3_600_000)]
    found = local_days(zone, numbers([*instants, None])).tolist()
    assert found[-1] == ABSENT
    assert found[:-1] == [(local_day(zone, at) - date(1970, 1, 1)).days for at in instants]


def test_months_of_a_column_are_those_of_single_days() -> None:
    starts = [date(2019, 1, 31), date(2020, 2, 29), date(2019, 10, 15), date(2021, 3, 1)]
    ends = [date(2019, 2, 28), date(2021, 2, 28), date(2019, 12, 15), date(2021, 3, 1)]
    as_days = [np.array([(day - date(1970, 1, 1)).days for day in column]) for column in (starts, ends)]
    assert whole_months(*as_days).tolist() == [months_between(*both) for both in zip(starts, ends, strict=True)]


def test_pairs_are_all_rows_that_hold_the_same_number() -> None:
    left, right = numbers([5, 7, 5, 9]), numbers([7, 5, 1, 5])
    found = {(int(one), int(other)) for one, other in zip(*pairs(left, right), strict=True)}
    assert found == {(row, other) for row in range(4) for other in range(4) if left[row] == right[other]}
