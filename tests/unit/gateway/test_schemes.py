"""Schemes: terms as data, templates, copies, and contracts that keep what was signed."""

import json
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from gateway import migrations
from gateway.audit.models import AuditRecord
from gateway.cli import app
from gateway.contracts import service as contracts
from gateway.db import Database, new_id
from gateway.errors import ConflictError, GatewayError, InvalidError
from gateway.lockers import service as lockers
from gateway.schemes import service as schemes
from gateway.schemes.calendar import Calendar
from gateway.schemes.codes import Service
from gateway.schemes.models import Scheme
from gateway.schemes.templates import LUGGAGE_ROOM, SOLIDARITY_LOCKERS, TEMPLATES, TOOL_LIBRARY
from gateway.schemes.terms import Condition, OpeningHours, Terms, Wording, read_terms
from tests.unit.gateway.town import DAY, NOON, TODAY, Town

WORDS = Wording(fr="Vit ici", en="Lives here", pt="Vive aqui")


def added(town: Town, name: str = "Bagagerie", terms: Terms | None = None) -> Scheme:
    with town.writing() as session:
        return schemes.add_scheme(
            session, organisation_id=town.organisation_id, service=Service.LUGGAGE, name=name, terms=terms, actor="t",
            now=NOON,
        )  # fmt: skip


def test_there_are_three_templates_and_their_words_in_three_languages() -> None:
    assert set(TEMPLATES) == set(Service)
    assert [one.name.fr for one in (SOLIDARITY_LOCKERS, LUGGAGE_ROOM, TOOL_LIBRARY)] == [
        "Casiers solidaires", "Bagagerie", "Outilthèque",
    ]  # fmt: skip
    assert SOLIDARITY_LOCKERS.terms.hours is None
    assert LUGGAGE_ROOM.terms.contribution is not None
    assert LUGGAGE_ROOM.terms.contribution.cents == 300
    assert TOOL_LIBRARY.terms.loans is not None


def test_the_work_sites_of_four_days_leave_wednesday_out() -> None:
    calendar = TOOL_LIBRARY.terms.calendar
    monday = date(2026, 6, 15)
    assert calendar.after(monday, 4) == date(2026, 6, 19)
    assert not calendar.open_on(date(2026, 6, 17))


def test_single_days_off_are_left_out_too() -> None:
    calendar = Calendar(weekly_off=(5, 6), dates_off=(date(2026, 7, 14),))
    assert calendar.next_open(date(2026, 7, 14)) == date(2026, 7, 15)
    assert calendar.next_open(date(2026, 7, 11)) == date(2026, 7, 13)
    assert calendar.after(date(2026, 7, 13), 2) == date(2026, 7, 15)


@pytest.mark.parametrize(
    "wrong",
    [
        {"contact_days": 0}, {"term_months": 0}, {"grace_days": -1}, {"keep_days": 0},
        {"warn_after": 3, "review_after": 2}, {"contribution": {"cents": 0, "every": "year"}},
        {"hours": {"days": [[]] * 6}}, {"hours": {"days": [[(600, 540)]] * 7}},
        {"calendar": {"weekly_off": [0, 1, 2, 3, 4, 5, 6]}}, {"calendar": {"weekly_off": [1, 1]}}, {"surprise": 1},
        {"conditions": [{"code": "a", "text": WORDS.model_dump()}] * 2},
        {"conditions": [{"code": "Not A Code", "text": WORDS.model_dump()}]},
    ],
)  # fmt: skip
def test_terms_that_mean_nothing_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Terms.model_validate(wrong)
    with pytest.raises(InvalidError) as refused:
        read_terms(json.dumps(wrong))
    assert refused.value.code == "terms"


def test_terms_come_back_from_the_database_as_they_were(town: Town) -> None:
    terms = Terms(
        contact_days=None,
        hours=OpeningHours(days=(((540, 720), (840, 1_020)),) * 7),
        conditions=(Condition(code="lives_here", text=WORDS, exceptions=("emergency",)),),
        calendar=Calendar(weekly_off=(6,), dates_off=(date(2026, 12, 25),)),
    )
    made = added(town, terms=terms)
    with town.reading() as session:
        assert schemes.scheme_of(session, made.id).terms == terms


def test_a_contract_keeps_the_terms_it_was_signed_under(town: Town) -> None:
    scheme = added(town, terms=Terms(grace_days=5, keep_days=60))
    person = town.person()
    with town.writing() as session:
        contract = contracts.assign(
            session, person_id=person.id, bank_id=town.bank, number=1, starts_on=TODAY, ends_on=date(2026, 12, 31),
            scheme_id=scheme.id, actor="t", now=NOON,
        )  # fmt: skip
    assert contract.collect_until - contract.until_at == 5 * DAY
    with town.writing() as session:
        changed = schemes.change_terms(session, scheme.id, Terms(grace_days=0, keep_days=7), actor="t", now=NOON)
        assert changed.terms.keep_days == 7
    with town.reading() as session:
        found = contracts.contract_of(session, contract.id)
        assert (found.terms.grace_days, found.terms.keep_days) == (5, 60)
    with town.writing() as session:
        ended = contracts.end(session, contract.id, reason="agreed", actor="t", now=NOON)
        assert ended.collect_until == NOON + DAY // 2 + 5 * DAY


def test_a_change_of_terms_is_recorded_by_the_names_of_what_changed(town: Town) -> None:
    scheme = added(town)
    with town.writing() as session:
        schemes.change_terms(session, scheme.id, scheme.terms, actor="t", now=NOON)
        terms = scheme.terms.model_copy(update={"grace_days": 3, "keep_days": 90})
        schemes.change_terms(session, scheme.id, terms, actor="t", now=NOON)
    with town.reading() as session:
        trail = session.query(AuditRecord).filter_by(subject=scheme.id, action="scheme_changed").all()
        assert [record.details["terms"] for record in trail] == [["grace_days", "keep_days"]]


def test_a_scheme_is_copied_to_another_organisation_and_goes_its_own_way(town: Town) -> None:
    source = added(town, terms=Terms(keep_days=90))
    with town.writing() as session:
        other = lockers.organisation_named(session, "Secours", actor="t", now=NOON)
        copy = schemes.copy_scheme(session, source.id, organisation_id=other.id, actor="t", now=NOON)
        assert (copy.name, copy.service, copy.terms, copy.copied_from) == (
            source.name, source.service, source.terms, source.id,
        )  # fmt: skip
        schemes.change_terms(session, copy.id, Terms(keep_days=7), actor="t", now=NOON)
        assert schemes.scheme_of(session, source.id).terms.keep_days == 90


def test_one_name_stands_for_one_scheme_of_an_organisation_and_the_database_says_so_too(town: Town) -> None:
    source = added(town)
    with pytest.raises(ConflictError) as refused:
        added(town)
    assert refused.value.code == "scheme_name"
    with pytest.raises(DBAPIError), town.writing() as session:
        session.add(
            Scheme(
                id=new_id(NOON), organisation_id=town.organisation_id, name=source.name, service="lockers",
                terms=Terms(), created_at=NOON,
            )
        )  # fmt: skip


def test_a_closed_scheme_takes_no_new_contracts(town: Town) -> None:
    scheme = added(town)
    person = town.person()
    with town.writing() as session:
        schemes.close_scheme(session, scheme.id, actor="t", now=NOON)
    with pytest.raises(GatewayError) as refused, town.writing() as session:
        contracts.assign(
            session, person_id=person.id, bank_id=town.bank, number=1, starts_on=TODAY, ends_on=TODAY,
            scheme_id=scheme.id, actor="t", now=NOON,
        )  # fmt: skip
    assert refused.value.code == "scheme_closed"


def test_the_scheme_that_is_taken_where_none_is_named_takes_no_new_contracts_once_it_is_closed(town: Town) -> None:
    going_on = town.assign(town.person())
    with town.writing() as session:
        schemes.close_scheme(session, going_on.scheme_id, actor="t", now=NOON)
    with pytest.raises(ConflictError) as refused:
        town.assign(town.person(), 2)
    assert refused.value.code == "scheme_closed"
    with town.writing() as session:
        assert contracts.renew(session, going_on.id, actor="t", now=NOON).ends_on > going_on.ends_on


def test_a_contract_is_refused_where_the_bank_winds_down(town: Town) -> None:
    from gateway.lockers.winding_down import wind_down

    with town.writing() as session:
        wind_down(session, town.bank, actor="t", now=NOON)
    with pytest.raises(ConflictError) as refused:
        town.assign(town.person())
    assert refused.value.code == "winding_down"


def test_an_older_database_keeps_the_grace_and_the_term_of_its_schemes_and_contracts(tmp_path: Path) -> None:
    from alembic import command

    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    config = migrations._config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
    with database.engine.begin() as connection:
        for line in (
            "INSERT INTO organisation VALUES ('o', 'Emmaus', 1)",
            "INSERT INTO scheme (id, organisation_id, name, grace_days, term_months, created_at) "
            "VALUES ('s', 'o', 'lockers', 21, 3, 1)",
            "INSERT INTO person (id, organisation_id, name, language, created_at) VALUES ('p', 'o', 'Nadia', 'fr', 1)",
            "INSERT INTO contract (id, person_id, scheme_id, starts_on, ends_on, grace_days, from_at, until_at, "
            "collect_until, created_at) VALUES ('c', 'p', 's', '2026-01-01', '2026-02-01', 5, 1, 2, 3, 1)",
        ):
            connection.execute(text(line))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0010")
    with database.engine.connect() as connection:
        scheme = Terms.model_validate_json(connection.scalar(text("SELECT terms FROM scheme")) or "")
        signed = Terms.model_validate_json(connection.scalar(text("SELECT terms FROM contract")) or "")
    database.close()
    assert (scheme.grace_days, scheme.term_months) == (21, 3)
    assert (signed.grace_days, signed.term_months, signed.keep_days) == (5, 3, 30)


def test_schemes_and_manual_banks_are_made_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASIER_DATA_DIR", str(tmp_path / "data"))

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout.strip()

    made = run("scheme", "add", "Secours", "luggage")
    file = tmp_path / "terms.json"
    file.write_text(Terms(keep_days=90).model_dump_json())
    run("scheme", "add", "Secours", "lockers", "--terms", str(file))
    run("scheme", "copy", made, "Emmaus", "--name", "Consigne")
    found = {one["name"]: one for one in json.loads(run("scheme", "list", "--json"))}
    assert set(found) == {"Bagagerie", "Casiers solidaires", "Consigne"}
    assert found["Casiers solidaires"]["terms"]["keep_days"] == 90
    assert read_terms(run("scheme", "template", "tools")) == TOOL_LIBRARY.terms
    assert run("place", "manual-bank", "clermont", "--organisation", "Emmaus", "--lockers", "12") == (
        "clermont: 12 lockers with keys"
    )
    run("place", "role", "clermont", "Secours", "support")
    assert json.loads(run("place", "wind-down", "clermont", "--closes-on", "2098-01-01", "--json")) == []
