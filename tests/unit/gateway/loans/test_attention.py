"""Reminders until someone has told the member, limits that alert, projects with conditions, actions together."""

from datetime import date

import pytest

from gateway.contracts import deaths
from gateway.errors import ConflictError, InvalidError
from gateway.loans import actions, catalogue, conditions, projects, reminders, service
from gateway.loans.attention import Limit, attention
from gateway.loans.codes import ActionKind, DroppedWhy, Outcome, Presence, ProjectKind, Told
from gateway.loans.project_models import Project
from tests.unit.gateway.loans.library import Library, at
from tests.unit.gateway.town import NOON, TODAY


def to_tell(library: Library, now: int) -> list[str]:
    with library.town.reading() as session:
        return [due.kind.value for due in reminders.to_tell(session, scheme_id=library.scheme_id, now=now)]


def passed(library: Library, now: int) -> list[tuple[Limit, int, int]]:
    with library.town.reading() as session:
        found = attention(session, scheme_id=library.scheme_id, now=now)
        return [(one.limit, one.found, one.agreed) for one in found]


def project(library: Library, asked_on: date = TODAY, **values: object) -> Project:
    with library.town.writing() as session:
        return projects.add_project(
            session,
            membership_id=library.member.id,
            kind=ProjectKind.PAINTING,
            title="Bedroom",
            asked_on=asked_on,
            actor="lea",
            now=NOON,
            **values,  # type: ignore[arg-type]
        )


def decide(library: Library, about: Project, condition: str, outcome: Outcome, exception: str | None = None) -> None:
    with library.town.writing() as session:
        again = projects.project_of(session, about.id)
        conditions.decide(
            session, again.membership, again, condition, outcome, exception=exception, actor="lea", now=NOON
        )


def test_a_reminder_stays_until_someone_has_told_and_comes_again_when_overdue(library: Library) -> None:
    loan = library.taken(0)
    assert to_tell(library, at(18)) == []
    assert to_tell(library, at(19, 10)) == ["due_soon"]
    with library.town.writing() as session:
        reminders.tell(session, loan.id, how=Told.PHONE, actor="lea", now=at(19, 10))
    assert to_tell(library, at(22, 17)) == []
    assert to_tell(library, at(22, 19)) == ["overdue"]


def test_there_is_nothing_to_remind_of_before_a_loan_is_due_soon(library: Library) -> None:
    loan = library.taken(0)
    with pytest.raises(ConflictError), library.town.writing() as session:
        reminders.tell(session, loan.id, how=Told.PHONE, actor="lea", now=at(18))


def test_an_extension_is_reminded_of_anew(library: Library) -> None:
    loan = library.taken(0)
    with library.town.writing() as session:
        reminders.tell(session, loan.id, how=Told.PHONE, actor="lea", now=at(19))
        service.extend(session, loan.id, actor="lea", now=at(19))
    assert to_tell(library, at(19, 10)) == []
    assert to_tell(library, at(29, 10)) == ["due_soon"]


def test_nobody_is_reminded_after_a_death(library: Library) -> None:
    library.taken(0)
    with library.town.writing() as session:
        deaths.record(session, library.person.id, actor="lea", now=at(20))
    assert to_tell(library, at(24)) == []


def test_limits_alert_and_refuse_nothing(library: Library) -> None:
    loan = library.taken(0)
    with library.town.writing() as session:
        service.extend(session, loan.id, actor="lea", now=NOON)
    assert passed(library, NOON) == []
    with library.town.writing() as session:
        service.extend(session, loan.id, actor="lea", now=NOON)
    assert passed(library, NOON) == [(Limit.EXTENDED, 2, 1)]


def test_a_long_loan_one_not_taken_and_a_tool_still_out_alert(library: Library) -> None:
    library.plan(1, due_on=date(2026, 6, 30))
    assert passed(library, NOON) == [(Limit.TOO_LONG, 15, 7)]
    assert (Limit.NOT_TAKEN, 0, 1) in passed(library, at(30, 19))
    library.taken(0)
    library.plan(0, from_on=date(2026, 6, 23))
    assert (Limit.STILL_OUT, 1, 0) in passed(library, at(23, 9))


def test_a_low_stock_alerts(library: Library) -> None:
    with library.town.writing() as session:
        catalogue.add_consumable(
            session, scheme_id=library.scheme_id, name="Filler", unit="kg", low_at=2, actor="lea", now=NOON
        )
    assert passed(library, NOON) == [(Limit.STOCK_LOW, 0, 2)]


def test_work_waits_for_its_conditions_or_their_exceptions(library: Library) -> None:
    bedroom = project(library)
    with pytest.raises(ConflictError) as caught, library.town.writing() as session:
        projects.start(session, bedroom.id, on=TODAY, actor="lea", now=NOON)
    assert caught.value.facts == {"conditions": ["contract_signed", "furniture_cleared"]}
    with pytest.raises(ConflictError) as caught:
        library.plan(0, project_id=bedroom.id)
    assert caught.value.code == "conditions"
    decide(library, bedroom, "contract_signed", Outcome.MET)
    with pytest.raises(InvalidError):
        decide(library, bedroom, "furniture_cleared", Outcome.EXCEPTED, "no_time")
    decide(library, bedroom, "furniture_cleared", Outcome.EXCEPTED, "health")
    with library.town.writing() as session:
        assert projects.start(session, bedroom.id, on=TODAY, actor="lea", now=NOON).started_on == TODAY
    assert library.plan(0, project_id=bedroom.id).project_id == bedroom.id


def test_the_work_site_is_four_working_days_of_the_week_without_wednesday(library: Library) -> None:
    bedroom = project(library)
    with library.town.writing() as session:
        planned = projects.plan_work(session, bedroom.id, starts_on=date(2026, 6, 20), actor="lea", now=NOON)
    # Saturday becomes Monday; Monday, Tuesday, Thursday, Friday.
    assert (planned.starts_on, planned.ends_on) == (date(2026, 6, 22), date(2026, 6, 26))


def test_a_process_and_a_support_that_take_too_long_alert(library: Library) -> None:
    bedroom = project(library)
    assert passed(library, at(15, 12, month=8)) == []
    assert passed(library, at(16, 12, month=8)) == [(Limit.PROJECT_LONG, 62, 61)]
    for condition in ("contract_signed", "furniture_cleared"):
        decide(library, bedroom, condition, Outcome.MET)
    with library.town.writing() as session:
        projects.start(session, bedroom.id, on=date(2026, 6, 22), actor="lea", now=NOON)
        projects.finish(session, bedroom.id, on=date(2026, 6, 29), actor="lea", now=at(29))
    # Five working days, four agreed; half a year of support.
    assert passed(library, at(1, month=7)) == [(Limit.WORK_LONG, 5, 4)]
    assert (Limit.SUPPORT_LONG, 184, 183) in passed(library, at(16, 12, month=12))
    with library.town.writing() as session:
        projects.end_support(session, bedroom.id, on=date(2026, 12, 1), actor="lea", now=at(1, month=12))
    assert passed(library, at(20, month=12)) == []


def test_a_project_whose_day_is_a_slip_silences_no_other(library: Library) -> None:
    project(library, date.max)
    project(library)
    assert passed(library, at(16, 12, month=8)) == [(Limit.PROJECT_LONG, 62, 61)]


def test_figures_count_projects_and_average_what_is_known(library: Library) -> None:
    project(library, cost_cents=120_000, surface_dm2=1_200)
    project(library, cost_cents=140_000, surface_dm2=3_000)
    project(library)
    dropped = project(library, cost_cents=999_999)
    with library.town.writing() as session:
        projects.drop(session, dropped.id, why=DroppedWhy.HEALTH, actor="lea", now=NOON)
        found = projects.figures(session, scheme_id=library.scheme_id, first=TODAY, last=TODAY)
        none = projects.figures(session, scheme_id=library.scheme_id, first=date(2025, 1, 1), last=date(2025, 12, 31))
    assert (found.count, found.mean_cost_cents, found.mean_surface_dm2) == (3, 130_000, 2_100)
    assert found.largest_surface_dm2 == 3_000
    assert (none.count, none.mean_cost_cents) == (0, None)


def test_who_was_there_is_recorded_once_each_and_can_be_corrected(library: Library) -> None:
    with library.town.writing() as session:
        action = actions.add_action(
            session, scheme_id=library.scheme_id, site_id=library.town.site_id, kind=ActionKind.WORKSHOP,
            title="Wallpaper", starts_at=at(20, 9), ends_at=at(20, 12), actor="lea", now=NOON,
        )  # fmt: skip
        for presence in (Presence.EXPECTED, Presence.PRESENT):
            actions.attend(session, action.id, library.member.id, presence, actor="lea", now=NOON)
    with library.town.writing() as session:
        again = actions.action_of(session, action.id)
        assert [(one.membership_id, one.presence) for one in again.attendances] == [(library.member.id, "present")]
        with pytest.raises(ConflictError):
            actions.cancel_action(session, action.id, actor="lea", now=NOON)
