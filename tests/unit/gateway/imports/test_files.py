"""CSV and workbooks as schemes keep them: the same figures come out, and every problem is told with its row."""

import json
import re
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select

from gateway.access import lists
from gateway.access.keystore import Keystore
from gateway.access.service import register_badge
from gateway.audit.models import AuditRecord
from gateway.care.models import Snapshot, SupportAct
from gateway.contracts.models import Contract, Holding
from gateway.contracts.states import State, state_at
from gateway.db import Database
from gateway.errors import ConflictError, GatewayError, InvalidError
from gateway.imports.mapping import WordMap, read_mapping
from gateway.imports.models import ImportedFile
from gateway.imports.rows import read_rows
from gateway.imports.service import Imported, Target, import_file
from gateway.lockers.models import Bank
from gateway.people.models import Person
from gateway.reports.report import summary
from gateway.reports.service import report_on
from tests.unit.gateway.town import NOON
from wire.limits import MIN_INSTANT

DATA: dict[str, Any] = json.loads((Path(__file__).parents[3] / "data" / "montreuil.json").read_text(encoding="utf-8"))
SHEET = "xl/worksheets/sheet1.xml"
# As a French charity might head its own table.
COLUMNS = {
    "Code": "person",
    "Nom": "name",
    "Entrée": "start",
    "Sortie": "end",
    "Motif": "exit_reason",
    "Papiers": "entry.identity_papers",
    "Santé": "entry.health_cover",
    "Travail": "entry.work",
    "Aides": "supports",
    "Décision": "decided_by",
    "Casiers": "count",
    "Depuis": "in_service",
    "Observations": "",
}
VALUES = {"entry.health_cover": {"oui": "active_or_renewing", "non": "none"}}
TARGET = Target(site="Montreuil")


def table() -> list[list[Any]]:
    """Montreuil's contracts as rows below those headings; dates as a spreadsheet holds them."""
    rows: list[list[Any]] = [list(COLUMNS)]
    for locker in DATA["lockers"]:
        rows.append([""] * 10 + [locker["count"], date.fromisoformat(locker["in_service"]), "neuf"])
    for one in DATA["contracts"]:
        entry = one["entry"]
        rows.append(
            [
                one["person"], "", date.fromisoformat(one["start"]),
                date.fromisoformat(one["end"]) if one["end"] else "", ", ".join(one.get("exit_reason", ())),
                entry["identity_papers"], "non" if entry["health_cover"] == "none" else "oui", entry["work"],
                " | ".join(one["supports"]), one.get("decided_by", ""), "", "", "à revoir",
            ]
        )  # fmt: skip
    return rows


def as_csv(path: Path, encoding: str, delimiter: str, form: str) -> Path:
    lines = (
        delimiter.join(f'"{cell.strftime(form) if isinstance(cell, date) else cell}"' for cell in row)
        for row in table()
    )
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path


def as_xlsx(path: Path) -> Path:
    book = Workbook()
    places, contracts = book.active, book.create_sheet("Contrats")
    assert places is not None
    places.title = "Casiers"
    rows = table()
    for row in (rows[0], *rows[1:3]):
        places.append([cell or None for cell in row])
    for row in (rows[0], *rows[3:]):
        contracts.append([datetime.combine(cell, time()) if isinstance(cell, date) else cell for cell in row])
    book.save(path)
    return path


def made_file(kind: str, folder: Path) -> Path:
    match kind:
        case "excel":
            return as_xlsx(folder / "montreuil.xlsx")
        case "french csv":
            return as_csv(folder / "montreuil.csv", "cp1252", ";", "%d/%m/%Y")
        case _:
            return as_csv(folder / "montreuil.csv", "utf-8-sig", ",", "%Y-%m-%d")


def bring_in(database: Database, path: Path, words: WordMap | None = None) -> Imported:
    with database.writing() as session:
        return import_file(session, path, TARGET, words or WordMap(), actor="test", now=NOON)


@pytest.mark.parametrize("kind", ["excel", "french csv", "csv"])
def test_the_published_figures_come_out_of_tables_too(database: Database, tmp_path: Path, kind: str) -> None:
    mapping = tmp_path / "words.json"
    mapping.write_text(json.dumps({"columns": COLUMNS, "values": VALUES}), encoding="utf-8")
    bring_in(database, made_file(kind, tmp_path), read_mapping(mapping))
    with database.reading() as session:
        report = report_on(session, "Montreuil", starts_on=date(2018, 10, 15), as_of=date(2020, 9, 30))
    assert summary(report) == DATA["published"]


def problems_of(database: Database, path: Path) -> list[str]:
    with pytest.raises(InvalidError) as refused:
        bring_in(database, path)
    assert refused.value.code == "rows"
    return [str(problem) for problem in refused.value.facts["problems"]]


HEADER = "person;start;end;exit_reason;entry.work;supports;count;in_service;locker;colour\n"
ROWS = (
    ";;;;;;2;2019-01-01;;\n"
    "A;2019-02-01;2019-01-01;;;;;;;\n"
    "Nadia B.;2019-02-01;;;;;;;;\n"
    "C;31/02/2019;;bored;cook;food,tea;;;;\n"
    "\n"
    "D;2019-03-01;;prison;;;;;;blue\n"
    ";;;;;;many;2019-01-01;;\n"
    "E;2199-01-01;;;;;;;7;\n"
    "F;2019-03-01;;;;;;;9;\n"
)


def test_every_problem_is_told_with_its_row(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text(HEADER + ROWS, encoding="utf-8")
    told = problems_of(database, path)
    for beginning in (
        "row 3, end: 2019-01-01 is before the first day",
        "row 4, person: give a code of capitals and digits",
        "row 5, start: '31/02/2019' is not a date",
        "row 5, exit_reason: unknown 'bored'; known: ",
        "row 5, entry.work: unknown 'cook'; known: none, ",
        "row 5, supports: unknown 'tea'",
        "row 7, colour: unknown column",
        "row 7, exit_reason: says how the contract ended, but there is no 'end'",
        "row 8, count: 'many' is not a whole number",
        "row 9, start: 2199-01-01 is in the future",
        "row 10, locker: there is no locker 9: the file has 2",
    ):
        assert [line for line in told if line.startswith(beginning)], beginning


def test_with_one_problem_nothing_is_imported(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text(HEADER + ";;;;;;2;2019-01-01;;\nA;2019-02-01;;;;;;;;\nB;2019-02-01;;;cook;;;;;\n", encoding="utf-8")
    assert len(problems_of(database, path)) == 1
    with database.reading() as session:
        for kept in (Person, Contract, Bank, ImportedFile, AuditRecord):
            assert session.scalar(select(func.count()).select_from(kept)) == 0


def test_two_at_once_and_too_few_lockers_are_problems(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text(HEADER + ";;;;;;1;2019-01-01;;\nA;2019-02-01;;;;;;;;\nA;2019-03-01;;;;;;;;\n", encoding="utf-8")
    assert problems_of(database, path) == [
        "row 4, start: A has a contract already on 2019-03-01 (row 3)",
        "row 4, start: no locker is free from 2019-03-01 on: 1 in service, all held",
    ]


def test_the_same_file_is_not_imported_twice(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "montreuil.json"
    path.write_text(json.dumps(DATA), encoding="utf-8")
    bring_in(database, path)
    with pytest.raises(ConflictError, match="imported on 2026-06-15 already") as refused:
        bring_in(database, path)
    assert refused.value.code == "imported"
    path.write_text(json.dumps(DATA, indent=2), encoding="utf-8")
    with pytest.raises(ConflictError, match="--bank") as refused:
        bring_in(database, path)
    assert refused.value.code == "bank"


def test_each_contract_is_written_as_if_it_had_been_kept_here(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "montreuil.json"
    path.write_text(json.dumps(DATA), encoding="utf-8")
    bring_in(database, path)
    with database.reading() as session:
        by_code = {contract.person.name: contract for contract in session.scalars(select(Contract))}
        states = {code: state_at(contract, NOON) for code, contract in by_code.items()}
        assert {code for code, state in states.items() if state is State.ENDED} == {"M", "N", "E", "C", "Y"}
        assert {states[code] for code in states.keys() - {"M", "N", "E", "C", "Y"}} == {State.ACTIVE}
        moved_on = by_code["M"]
        assert (moved_on.starts_on, moved_on.ends_on) == (date(2018, 10, 15), date(2019, 12, 15))
        assert {one.reason for one in by_code["E"].end_reasons} == {"threats", "support_refused"}
        assert by_code["Y"].end_note == "stays with brothers from time to time"
        assert by_code["C"].destination == "prison"
        exits = session.scalars(select(Snapshot).where(Snapshot.moment == "exit")).all()
        assert [(one.contract_id, one.work) for one in exits] == [(moved_on.id, "permanent_job")]
        assert set(session.scalars(select(SupportAct.certainty))) == {"assumed"}
        held = session.execute(select(Holding.locker_id, Holding.from_at, Holding.until_at).order_by(Holding.from_at))
        until: dict[str, int] = {}
        for locker, start, end in held:
            assert until.get(locker, 0) <= start
            until[locker] = end
        locks = {holding.locker.lock for contract in by_code.values() for holding in contract.holdings}
        assert locks == {"key"}


def test_the_time_to_collect_is_kept_free_unless_the_file_shows_someone_else_there(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "one.csv"
    path.write_text(
        HEADER + ";;;;;;1;2019-01-01;;\nA;2019-02-01;2019-03-01;;;;;;;\nB;2019-03-05;2019-04-01;;;;;;;\n",
        encoding="utf-8",
    )
    bring_in(database, path)
    with database.reading() as session:
        first, second = session.scalars(select(Holding).order_by(Holding.from_at))
        assert first.until_at == second.from_at
        contract = session.get(Contract, first.contract_id)
        assert contract is not None
        assert contract.until_at < contract.collect_until == first.until_at
        assert (second.until_at - second.from_at) // 86_400_000 == 27 + 1 + 13


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.ods", b"", "ends with .json, .csv or .xlsx"),
        ("a.json", b"{", "is not JSON"),
        ("a.json", b"[]", "give an object with the lists"),
        ("a.json", b'{"contracts": 3}', "'contracts' is not a list"),
        ("a.json", b"{}", "holds no rows"),
        ("a.csv", b"", "holds no rows"),
        ("a.csv", b"person;person\nA;B\n", "two columns are called 'person'"),
        ("a.csv", b"person\nA;B\n", "more cells than the header"),
        ("a.json", b"[" * 100_000, "is not JSON"),
        ("a.xlsx", b"PK nothing", "not a workbook"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(GatewayError, match=says):
        read_rows(path)


def _changed(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """A workbook with two rows, one of its parts changed."""
    whole = path / "whole.xlsx"
    book = Workbook()
    for row in (["count", "in_service"], [3, date(2019, 1, 1)], [4, date(2020, 1, 1)]):
        book.active.append(row)
    book.save(whole)
    with ZipFile(whole) as before, ZipFile(path / "changed.xlsx", "w") as after:
        for name in before.namelist():
            content = before.read(name)
            after.writestr(name, change(content) if name == part else content)
    return path / "changed.xlsx"


@pytest.mark.parametrize("said", ["A1", "A1:A2"])
def test_no_row_or_column_of_a_workbook_is_left_out_that_says_it_is_smaller_than_it_is(
    tmp_path: Path, said: str
) -> None:
    """Some programs write so."""
    small = _changed(tmp_path, SHEET, lambda content: content.replace(b'ref="A1:B3"', b'ref="%s"' % said.encode()))
    assert [(row.place, sorted(row.values)) for row in read_rows(small)] == [
        ("Sheet row 2", ["count", "in_service"]), ("Sheet row 3", ["count", "in_service"]),
    ]  # fmt: skip


def test_a_row_with_a_number_that_no_workbook_can_have_is_not_counted_up_to(tmp_path: Path) -> None:
    """It took two seconds for each million; the test's own limit of time is what it failed by."""
    far = _changed(
        tmp_path, SHEET, lambda sheet: re.sub(rb"<dimension[^>]*>", b"", sheet).replace(b'r="3"', b'r="%d"' % 3e9)
    )
    assert [row.place for row in read_rows(far)] == ["Sheet row 2"]


@pytest.mark.parametrize("part", ["xl/workbook.xml", SHEET])
def test_a_workbook_with_a_damaged_part_says_what_to_do(tmp_path: Path, part: str) -> None:
    damaged = _changed(tmp_path, part, lambda content: content[: len(content) // 2])
    with pytest.raises(InvalidError, match="not a workbook that can be read"):
        read_rows(damaged)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "Invalid JSON"),
        (b'{"colums": {}}', "colums"),
        (b'{"columns": {"Nom": "nom"}}', "no column is called 'nom' here"),
        (b'{"values": {"travail": {}}}', "no column is called 'travail' here"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_what_to_do(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "words.json"
    path.write_bytes(content)
    with pytest.raises(InvalidError, match=says) as refused:
        read_mapping(path)
    assert refused.value.code == "mapping"


def test_an_old_contract_gets_grants_that_the_wire_can_carry_once_its_locker_reads_badges(
    database: Database, keystore: Keystore, tmp_path: Path
) -> None:
    path = tmp_path / "old.csv"
    path.write_text(HEADER + ";;;;;;1;2018-01-01;;\nA;2018-10-15;;;;;;;;\n", encoding="utf-8")
    bank = bring_in(database, path).bank
    with database.writing() as session:
        (contract,) = session.scalars(select(Contract))
        contract.holdings[0].locker.lock = "badge"
        site_id = contract.holdings[0].locker.bank.site_id
        register_badge(
            session, keystore, site_id=site_id, number="em4100:0000000001", label="M-1",
            person_id=contract.person_id, actor="test", now=NOON,
        )  # fmt: skip
        grants = {grant.kind: grant for grant in lists.build(session, bank, version=1, now=NOON).grants}
    assert grants["holder"].not_before == MIN_INSTANT
    assert NOON < grants["holder"].not_after == grants["collect"].not_before
