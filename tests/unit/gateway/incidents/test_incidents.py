"""Incidents and exclusions: written down and decided by people, local, and no door is ever locked by one."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from gateway.access import lists
from gateway.days import day_after, day_start
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.incidents import exclusions, service
from gateway.incidents.codes import AppealBy, AppealOutcome, IncidentKind, Outcome, Part
from gateway.incidents.models import Exclusion
from gateway.incidents.service import Concerned
from tests.unit.gateway.incidents.conftest import Cast
from tests.unit.gateway.town import DAY, NOON, TODAY, ZONE, Town

WEEK = TODAY + timedelta(days=6)


def excluded(town: Town, cast: Cast, person: str, **more: object) -> Exclusion:
    values: dict[str, object] = {
        "site_id": town.site_id, "from_on": TODAY, "until_on": WEEK, "reason": IncidentKind.THREATS,
        "actor": cast.lea, "now": NOON,
    }  # fmt: skip
    with town.writing() as session:
        return exclusions.exclude(session, person_id=person, **values | more)  # type: ignore[arg-type]


def warned(town: Town, person: str, site: str, now: int = NOON) -> list[tuple[str, bool, date]]:
    with town.reading() as session:
        found = exclusions.warnings(session, person, sites=[site], now=now)
        return [(one.site, one.is_here, one.until_on) for one in found]


def test_an_incident_says_whom_it_concerned_and_is_closed_with_what_became_of_it(town: Town, cast: Cast) -> None:
    person = town.person()
    told = {person.id: Concerned(Part.SUFFERED, "Elle a eu peur")}
    with town.writing() as session:
        incident = service.report(
            session, site_id=town.site_id, kind=IncidentKind.THREATS, people=told, text="Menaces au bloc",
            actor=cast.lea, now=NOON,
        )  # fmt: skip
        service.close(session, incident.id, outcome=Outcome.TALKED, actor=cast.ines, now=NOON + DAY)
        with pytest.raises(ConflictError):
            service.close(session, incident.id, outcome=Outcome.WARNED, actor=cast.ines, now=NOON + DAY)
    with town.reading() as session:
        kept = service.incident_of(session, incident.id, actor=cast.lea)
        raw = session.connection().exec_driver_sql("SELECT * FROM incident").all()
        raw += session.connection().exec_driver_sql("SELECT * FROM incident_person").all()
        by_person = service.list_incidents(session, actor=cast.lea, person_id=person.id, is_open=False)
    assert (kept.outcome, kept.concerned[0].part, kept.concerned[0].note) == ("talked", "suffered", "Elle a eu peur")
    assert [one.id for one in by_person.items] == [incident.id]
    assert "Menaces" not in repr(raw)
    assert "peur" not in repr(raw)


def test_an_incident_is_not_to_come_and_a_locker_is_at_its_site(town: Town, cast: Cast) -> None:
    with town.writing() as session:
        with pytest.raises(InvalidError):
            service.report(
                session, site_id=town.site_id, kind=IncidentKind.FIRE, at=NOON + DAY, actor=cast.lea, now=NOON
            )
        with pytest.raises(NotFoundError):
            service.report(
                session, site_id=town.site_id, kind=IncidentKind.FIRE, locker_id="none", actor=cast.lea, now=NOON
            )


def test_another_organisation_sees_neither_incidents_nor_exclusions(town: Town, cast: Cast) -> None:
    exclusion = excluded(town, cast, town.person().id)
    with town.writing() as session:
        incident = service.report(session, site_id=town.site_id, kind=IncidentKind.THEFT, actor=cast.lea, now=NOON)
        with pytest.raises(NotFoundError):
            service.report(session, site_id=town.site_id, kind=IncidentKind.THEFT, actor=cast.neighbour, now=NOON)
        with pytest.raises(NotFoundError):
            service.incident_of(session, incident.id, actor=cast.neighbour)
        with pytest.raises(NotFoundError):
            exclusions.lift(session, exclusion.id, actor=cast.neighbour, now=NOON)
        assert not service.list_incidents(session, actor=cast.neighbour).items
        assert not exclusions.list_exclusions(session, actor=cast.neighbour).items
        assert len(exclusions.list_exclusions(session, actor=cast.operator).items) == 1


def test_an_exclusion_is_local_unless_safety_requires_more_and_ends_by_itself(town: Town, cast: Cast) -> None:
    person, danger = town.person(), town.person("Mo")
    excluded(town, cast, person.id)
    excluded(town, cast, danger.id, warns_elsewhere=True)
    assert warned(town, person.id, town.site_id) == [("Montreuil", True, WEEK)]
    assert warned(town, person.id, cast.second_site) == []
    assert warned(town, danger.id, cast.second_site) == [("Montreuil", False, WEEK)]
    end = day_start(ZONE, day_after(WEEK))
    assert len(warned(town, person.id, town.site_id, end - 1)) == 1
    assert warned(town, person.id, town.site_id, end) == []


def test_an_exclusion_changes_no_grant(town: Town, cast: Cast) -> None:
    person = town.person()
    town.badge(person)
    town.assign(person)

    def grants() -> object:
        with town.reading() as session:
            return lists.build(session, town.bank, version=1, now=NOON).grants

    before, told = grants(), []
    town.database.listeners.append(told.append)
    exclusion = excluded(town, cast, person.id)
    with town.writing() as session:
        exclusions.appeal(session, exclusion.id, made_by=AppealBy.PERSON, actor=cast.ines, now=NOON)
    assert grants() == before
    assert told == []


@pytest.mark.parametrize(("first", "last"), [(3, 2), (0, 366), (-9, -1)])
def test_an_exclusion_is_dated_and_lasts_a_year_at_most(town: Town, cast: Cast, first: int, last: int) -> None:
    days = {"from_on": TODAY + timedelta(days=first), "until_on": TODAY + timedelta(days=last)}
    with pytest.raises(InvalidError):
        excluded(town, cast, town.person().id, **days)


def test_two_exclusions_of_a_person_at_a_site_do_not_overlap_in_the_database_either(town: Town, cast: Cast) -> None:
    person = town.person()
    exclusion = excluded(town, cast, person.id)
    with pytest.raises(ConflictError):
        excluded(town, cast, person.id, from_on=WEEK, until_on=WEEK)
    excluded(town, cast, person.id, site_id=cast.second_site)
    with pytest.raises(DBAPIError), town.writing() as session:  # noqa: PT012 - it is the flush that is refused
        copied = {column.name: getattr(exclusion, column.name) for column in Exclusion.__table__.columns}
        session.add(Exclusion(**copied | {"id": "another"}))
        session.flush()
    with town.writing() as session:
        exclusions.lift(session, exclusion.id, actor=cast.lea, now=NOON + 1)
    excluded(town, cast, person.id, from_on=WEEK, until_on=WEEK)


def appealed(town: Town, cast: Cast, exclusion: Exclusion) -> str:
    with town.writing() as session:
        return exclusions.appeal(
            session, exclusion.id, made_by=AppealBy.PERSON, text="Je regrette", actor=cast.ines, now=NOON
        ).id


def test_one_appeal_waits_at_a_time_and_who_excluded_cannot_uphold_it(town: Town, cast: Cast) -> None:
    exclusion = excluded(town, cast, town.person().id)
    made = appealed(town, cast, exclusion)
    with pytest.raises(ConflictError) as waits:
        appealed(town, cast, exclusion)
    assert waits.value.code == "appeal_waits"
    with town.writing() as session:
        with pytest.raises(ConflictError) as own:
            exclusions.decide(session, made, outcome=AppealOutcome.UPHELD, actor=cast.lea, now=NOON)
        assert own.value.code == "own_decision"
        exclusions.decide(session, made, outcome=AppealOutcome.UPHELD, actor=cast.ines, now=NOON)
        with pytest.raises(ConflictError):
            exclusions.decide(session, made, outcome=AppealOutcome.LIFTED, actor=cast.ines, now=NOON)
    appealed(town, cast, exclusion)


Decide = Callable[[str, AppealOutcome, date | None], Exclusion]


@pytest.fixture
def decide(town: Town, cast: Cast) -> Decide:
    def decided(appeal: str, outcome: AppealOutcome, until_on: date | None) -> Exclusion:
        with town.writing() as session:
            made = exclusions.decide(
                session, appeal, outcome=outcome, until_on=until_on, actor=cast.lea, now=NOON + 1000
            )
            return exclusions.exclusion_of(session, made.exclusion_id, actor=cast.lea)

    return decided


def test_an_appeal_shortens_or_lifts_the_exclusion(town: Town, cast: Cast, decide: Decide) -> None:
    person = town.person()
    exclusion = excluded(town, cast, person.id)
    appeal = appealed(town, cast, exclusion)
    with pytest.raises(InvalidError):
        decide(appeal, AppealOutcome.SHORTENED, WEEK)
    assert decide(appeal, AppealOutcome.SHORTENED, TODAY).until_at == day_start(ZONE, day_after(TODAY))
    assert warned(town, person.id, town.site_id, NOON + 2000) == [("Montreuil", True, TODAY)]
    assert warned(town, person.id, town.site_id, NOON + DAY) == []
    other = excluded(town, cast, town.person("Mo").id)
    assert decide(appealed(town, cast, other), AppealOutcome.LIFTED, None).until_at == NOON + 1000


def test_an_exclusion_is_made_shorter_again_only_to_an_earlier_day(town: Town, cast: Cast, decide: Decide) -> None:
    exclusion = excluded(town, cast, town.person().id)
    decide(appealed(town, cast, exclusion), AppealOutcome.SHORTENED, TODAY + timedelta(2))
    again = appealed(town, cast, exclusion)
    with pytest.raises(InvalidError) as refused:
        decide(again, AppealOutcome.SHORTENED, TODAY + timedelta(4))
    assert refused.value.code == "shorter"
    assert decide(again, AppealOutcome.SHORTENED, TODAY).until_at == day_start(ZONE, day_after(TODAY))


def test_an_exclusion_lifted_before_its_first_day_is_over_at_once(town: Town, cast: Cast) -> None:
    exclusion = excluded(town, cast, town.person().id, from_on=WEEK, until_on=WEEK + timedelta(7))
    with town.writing() as session:
        exclusions.lift(session, exclusion.id, actor=cast.lea, now=NOON + DAY)
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        exclusions.appeal(session, exclusion.id, made_by=AppealBy.PERSON, actor=cast.ines, now=NOON + DAY)
    assert refused.value.code == "exclusion_over"
    with town.reading() as session:
        for over in (False, True):
            found = exclusions.list_exclusions(session, actor=cast.lea, over=(over, NOON + DAY))
            assert bool(found.items) is over
    with town.writing() as session:
        assert exclusions.lift(session, exclusion.id, actor=cast.ines, now=NOON + 2 * DAY).lifted_by == cast.lea
