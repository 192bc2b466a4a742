"""The published figures of Montreuil's first two years come out again, and every fact counts in one of them."""

import copy
import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway.db import Database
from gateway.errors import InvalidError
from gateway.imports.columns import SYNONYMS
from gateway.imports.mapping import WordMap
from gateway.imports.service import Target, import_file
from gateway.privacy.field_keys import FieldKeys
from gateway.reports.period import Cohort
from gateway.reports.report import Report, summary
from gateway.reports.service import report_on
from tests.unit.gateway.town import NOON

FILE = Path(__file__).parents[3] / "data" / "montreuil.json"
DATA: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
FIRST, LAST = date(2018, 10, 15), date(2020, 9, 30)


def bring_in(database: Database, file: Path, words: WordMap | None = None) -> None:
    with database.writing() as session:
        import_file(session, file, Target(site="montreuil"), words or WordMap(), actor="test", now=NOON)


def figures(database: Database, name: str = "montreuil", cohort: Cohort = Cohort.SERVED) -> Report:
    with database.reading() as session:
        return report_on(session, name, starts_on=FIRST, as_of=LAST, cohort=cohort)


def test_the_published_figures_come_out_with_the_same_names(database: Database) -> None:
    bring_in(database, FILE)
    assert summary(figures(database)) == DATA["published"]


@pytest.mark.parametrize("name", ["network", "Casier", "MONTREUIL", "site:montreuil", "organisation:casier"])
def test_site_organisation_and_network_agree_while_there_is_only_one_site(database: Database, name: str) -> None:
    bring_in(database, FILE)
    made, of_site = figures(database, name), figures(database)
    assert (made.sections, made.months) == (of_site.sections, of_site.months)


def test_what_follows_from_the_facts_holds_too(database: Database) -> None:
    bring_in(database, FILE)
    report, derived = figures(database), DATA["derived"]
    assert report.section("people").values["people_active"] == derived["served_on_2020-09-30"]
    assert report.section("lockers").values["highest_held"] == derived["highest_occupancy"]
    with database.reading() as session:
        first_twelve = report_on(
            session, "montreuil", starts_on=FIRST, as_of=date(2019, 4, 1), cohort=Cohort.STARTED
        )  # fmt: skip
    assert first_twelve.section("people").values["people_served"] == 12
    assert first_twelve.section("people").values["people_active"] == 12
    later = sorted(contract["start"] for contract in DATA["contracts"])[12:]
    assert derived["first_twelve_still_served_on_2020-09-30"] == 11 - len(later)


def test_lockers_of_november_2020_are_not_in_service_in_september(database: Database) -> None:
    bring_in(database, FILE)
    assert figures(database).section("lockers").values["lockers_in_service"] == 12
    with database.reading() as session:
        after = report_on(session, "montreuil", starts_on=FIRST, as_of=date(2020, 11, 1))
    assert after.section("lockers").values["lockers_in_service"] == 24


def facts() -> Iterator[tuple[str, str, str, str]]:
    """(person, what is taken out, section, code) of every single fact in the file."""
    for contract in DATA["contracts"]:
        person = contract["person"]
        for kind in contract["supports"]:
            yield person, f"supports:{kind}", "people_by_support", kind
        for question, answer in contract["entry"].items():
            if question != "entry_is":
                yield person, f"entry:{question}", f"{question}_on_entry", answer
        for reason in contract.get("exit_reason", ()):
            yield person, f"exit_reason:{reason}", "ends_by_reason", SYNONYMS["exit_reason"].get(reason, reason)
        if contract.get("decided_by"):
            yield person, "decided_by", "ends_by_decision", contract["decided_by"]
        if contract.get("destination", "unknown") != "unknown":
            yield person, "destination", "ends_by_destination", contract["destination"]


def without(person: str, fact: str) -> dict[str, Any]:
    data = copy.deepcopy(DATA)
    (contract,) = (one for one in data["contracts"] if one["person"] == person)
    part, _, item = fact.partition(":")
    if part == "entry":
        del contract["entry"][item]
    elif item:
        contract[part].remove(item)
    else:
        del contract[part]
    return data


@pytest.fixture(scope="module")
def casier(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database for all the small changes: none of them is kept."""
    home = tmp_path_factory.mktemp("facts")
    shutil.copy(sqlite_template, home / "casier.db")
    made = Database(f"sqlite:///{home / 'casier.db'}", FieldKeys.of(home))
    yield made
    made.close()


def figures_of(casier: Database, data: dict[str, Any], folder: Path) -> Report:
    """The report after importing, and nothing kept of it."""
    file = folder / "montreuil.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    with casier.reading() as session:
        import_file(session, file, Target(site="montreuil"), WordMap(), actor="test", now=NOON)
        session.flush()
        return report_on(session, "montreuil", starts_on=FIRST, as_of=LAST)


@pytest.fixture(scope="module")
def whole(casier: Database, tmp_path_factory: pytest.TempPathFactory) -> Report:
    return figures_of(casier, DATA, tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize(("person", "fact", "section", "code"), list(facts()))
def test_without_this_fact_the_figure_it_counts_in_is_one_less(
    casier: Database, whole: Report, tmp_path: Path, person: str, fact: str, section: str, code: str
) -> None:
    before, after = (
        report.section(section).values for report in (whole, figures_of(casier, without(person, fact), tmp_path))
    )
    assert (after.get(code) or 0) == (before[code] or 0) - 1


@pytest.mark.parametrize("person", [contract["person"] for contract in DATA["contracts"]])
def test_without_this_person_one_less_is_served_and_every_figure_of_theirs_changes(
    casier: Database, whole: Report, tmp_path: Path, person: str
) -> None:
    data = copy.deepcopy(DATA)
    data["contracts"] = [contract for contract in data["contracts"] if contract["person"] != person]
    after = figures_of(casier, data, tmp_path)
    assert summary(after)["people_served"] == 15
    assert after.months == {code: months for code, months in whole.months.items() if code != person}
    for theirs, _fact, section, code in facts():
        if theirs == person:
            assert (after.section(section).values.get(code) or 0) < (whole.section(section).values[code] or 0)


@pytest.mark.parametrize("person", list(DATA["published"]["months_of_care_of_the_ended"]))
def test_without_its_end_a_stay_goes_on(casier: Database, whole: Report, tmp_path: Path, person: str) -> None:
    data = copy.deepcopy(DATA)
    for contract in data["contracts"]:
        if contract["person"] == person:
            for told in (
                "end",
                "exit_reason",
                "destination",
                "decided_by",
                "work",
                "emptied_by_holder",
                "key_returned",
            ):
                contract.pop(told, None)
    # Their locker is not free for whoever had it next: one more is in service.
    data["lockers"][0]["count"] = 13
    after = summary(figures_of(casier, data, tmp_path))
    assert after["ended"] == 4
    assert person not in after["months_of_care_of_the_ended"]


def test_without_a_locker_nobody_can_be_placed_in_it(casier: Database, tmp_path: Path) -> None:
    data = copy.deepcopy(DATA)
    data["lockers"][0]["count"] = 11
    with pytest.raises(InvalidError, match=r"contracts\[11\], start: no locker is free from 2019-04-01"):
        figures_of(casier, data, tmp_path)
