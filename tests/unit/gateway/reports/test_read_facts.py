"""What was done with people, who waits and what was withdrawn, read from the database into figures."""

from datetime import date

from gateway.care import contacts
from gateway.care.codes import ContactKind
from gateway.care.models import Contact, Step
from gateway.care.waiting_models import WaitingEntry
from gateway.contracts import parties, service
from gateway.contracts.models import Contract
from gateway.contracts.service import How
from gateway.custody import readiness
from gateway.custody.codes import Check
from gateway.imports.models import ImportedFile, ImportedPerson
from gateway.loans import conditions, projects
from gateway.loans.codes import DroppedWhy, Outcome, ProjectKind
from gateway.lockers import service as places
from gateway.lockers.service import locker_of
from gateway.privacy.erasure import erase
from gateway.reports.report import Report
from gateway.reports.scope import scope_of
from gateway.reports.service import report_on
from tests.unit.gateway.loans.library import open_library
from tests.unit.gateway.town import DAY, NOON, TODAY, ZONE, Town


def report(town: Town, as_of: date = date(2026, 12, 1)) -> Report:
    with town.reading() as session:
        return report_on(session, "Montreuil", starts_on=TODAY, as_of=as_of)


def test_contacts_steps_and_waiting_are_counted_and_withdrawn_ones_are_not(town: Town) -> None:
    nadia, omar = town.person("Nadia"), town.person("Omar")
    contract = town.assign(nadia)
    with town.writing() as session:
        scheme = session.get_one(Contract, contract.id).scheme_id
        for number, (person, at, withdrawn) in enumerate(
            [(nadia, NOON, None), (nadia, NOON + DAY, None), (nadia, NOON, NOON), (omar, NOON, None)]
        ):
            session.add(
                Contact(
                    id=f"c{number}", person_id=person.id, at=at, kind="met", place="street", recorded_by="test",
                    recorded_at=NOON, withdrawn_at=withdrawn, withdrawn_by="test" if withdrawn else None,
                )
            )  # fmt: skip
        session.add(
            Step(
                id="s", person_id=nadia.id, topic="identity_papers", agreed_at=NOON, agreed_by="test",
                result="obtained", closed_at=NOON + 40 * DAY, closed_by="test",
            )
        )  # fmt: skip
        session.add(
            WaitingEntry(
                id="w", person_id=omar.id, scheme_id=scheme, source="outreach_round", since=NOON, added_by="test",
                added_at=NOON, closed_at=NOON + 10 * DAY, closed_by="test", left_why="placed",
            )
        )  # fmt: skip
    made = report(town)
    assert made.section("contacts").values == {"contacts": 2, "people_met": 1}
    assert made.section("people_by_contact").values == {"met": 1}
    assert made.section("steps_by_result").values == {"obtained": 1}
    assert made.section("waiting").values["mean_days_waited"] == 10.0
    before = report(town, date(2026, 6, 20))
    assert before.section("steps_by_result").values == {"under_way": 1}
    assert before.section("waiting").values["still_waiting"] == 1


def test_who_was_only_looked_for_in_vain_is_no_person_in_contact(town: Town) -> None:
    nadia, omar = town.person("Nadia"), town.person("Omar")
    town.assign(nadia)
    town.assign(omar, 2)
    with town.writing() as session:
        for person, kind in ((nadia, ContactKind.LOOKED_FOR), (omar, ContactKind.LOOKED_FOR), (omar, ContactKind.MET)):
            contacts.log_contact(session, person.id, kind=kind, actor="test", now=NOON)
    made = report(town)
    assert made.section("contacts").values == {"contacts": 3, "people_met": 1}
    assert made.section("contacts_by_kind").values == {"looked_for": 2, "met": 1}


def test_a_draft_counts_nowhere(town: Town) -> None:
    town.assign(town.person(), draft=True)
    made = report(town)
    assert made.section("people").values["people_served"] == 0
    assert made.section("lockers").values["lockers_held"] == 0


def test_a_draft_signed_after_its_locker_was_freed_begins_then(town: Town) -> None:
    before, draft = town.assign(town.person()), town.assign(town.person(), starts_on=date(2026, 6, 20), draft=True)
    freed = NOON + 14 * DAY  # the 29th
    with town.writing() as session:
        service.end(session, before.id, reason="work", collect_days=0, actor="test", now=freed)
        readiness.confirm(session, locker_of(session, town.bank, 1), tuple(Check), actor="test", now=freed)
    with town.writing() as session:
        service.sign(session, draft.id, actor="test", now=freed + 6 * DAY)
    with town.reading() as session:
        july = report_on(session, "Montreuil", starts_on=date(2026, 6, 29), as_of=date(2026, 7, 31))
    assert july.section("people").values["stays_begun"] == 1


def test_a_project_that_was_given_up_leaves_the_figures(town: Town) -> None:
    library, by = open_library(town), {"actor": "test", "now": NOON}
    with town.writing() as session:
        project = projects.add_project(
            session, membership_id=library.member.id, kind=ProjectKind.PAINTING, title="kitchen", asked_on=TODAY,
            cost_cents=100_000, **by,
        )  # fmt: skip
        for condition in project.membership.terms.conditions:
            conditions.decide(session, project.membership, project, condition.code, Outcome.MET, **by)
        projects.start(session, project.id, on=TODAY, **by)
    assert report(town).section("projects").values["mean_cost_euros"] == 1000.0
    with town.writing() as session:
        projects.drop(session, project.id, why=DroppedWhy.MONEY, actor="test", now=NOON + DAY)
    assert report(town).section("projects").values["projects"] == 0


def test_a_membership_that_ran_out_ended_because_its_term_was_over(town: Town) -> None:
    open_library(town)
    assert report(town, date(2027, 12, 31)).section("ends_by_reason").values == {"term_over": 1}


def test_the_stays_of_an_erased_file_are_numbered_once_its_code_is_empty(town: Town) -> None:
    contract = town.assign(town.person(), ends_on=date(2026, 9, 14))
    with town.writing() as session:
        session.add(ImportedFile(id="f", digest="d", bank_id=town.bank, imported_by="test", imported_at=NOON))
        session.flush()
        session.add(ImportedPerson(person_id=contract.person_id, file_id="f", code="M07"))
    assert report(town).months == {"M07": 2}
    with town.writing() as session:
        erase(session, contract.person_id, actor="test", now=NOON + 1000 * DAY)
    assert report(town).months == {"1": 2}


def test_how_a_contract_ended_is_not_told_of_whoever_had_left_it_before(town: Town) -> None:
    leaves, stays = town.person("Nadia"), town.person("Omar")
    contract = town.assign(stays)
    with town.writing() as session:
        parties.join(session, contract.id, person_id=leaves.id, actor="test", now=NOON)
        parties.part(session, contract.id, person_id=leaves.id, actor="test", now=NOON + 3 * DAY)
    with town.writing() as session:
        how = How(destination="prison", decided_by="circumstances")
        service.end(session, contract.id, reason="prison", how=how, actor="test", now=NOON + 9 * DAY)
    made = report(town)
    assert made.section("people").values["stays_ended"] == 2
    assert made.section("ends_by_reason").values == {"prison": 1, "unknown": 1}
    assert made.section("ends_by_destination").values == {"prison": 1, "unknown": 1}
    assert made.section("ends_by_decision").values == {"circumstances": 1, "unknown": 1}


def test_a_place_is_found_by_its_name_whatever_letters_it_begins_with_and_whatever_their_case(town: Town) -> None:
    with town.writing() as session:
        owner = places.organisation_named(session, "Équipe de rue", actor="test", now=NOON)
        site = places.site_named(session, "Évry", organisation_id=owner.id, zone=ZONE, actor="test", now=NOON)
        wanted = f"site:{site.id}", f"organisation:{owner.id}"
    with town.reading() as session:
        for name in ("Évry", "évry", "ÉVRY", "site:Évry"):
            assert scope_of(session, name).reference == wanted[0]
        for name in ("Équipe de rue", "équipe de rue", "organisation:ÉQUIPE DE RUE"):
            assert scope_of(session, name).reference == wanted[1]
