"""What was done with people, who waits and what was withdrawn, read from the database into figures."""

from datetime import date

from gateway.care import contacts
from gateway.care.codes import ContactKind
from gateway.care.models import Contact, Step
from gateway.care.waiting_models import WaitingEntry
from gateway.contracts import parties, service
from gateway.contracts.models import Contract
from gateway.contracts.service import How
from gateway.lockers import service as places
from gateway.reports.report import Report
from gateway.reports.scope import scope_of
from gateway.reports.service import report_on
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
