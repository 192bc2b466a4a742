"""Rows to records: every problem of every row is found before anything is done."""

import re
from collections.abc import Sequence
from datetime import date

from gateway.imports.cells import Cells
from gateway.imports.columns import CODES, ENTRY, KNOWN, LISTS, LOCKER_COLUMNS, MARKS, REQUIRED
from gateway.imports.records import Batch, Lockers, Past, Problem
from gateway.imports.rows import Row
from wire.limits import MAX_LOCKERS

# A code for a person, fit to be seen in a report; anything longer might be a name.
PERSON_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,11}")
MARK_WORDS = ("assumed", "published")
MAX_LOCKER_NUMBER = 99_999


def check(rows: Sequence[Row], today: date) -> Batch:
    """The records of the rows, and their problems in the order of the rows."""
    problems: list[Problem] = []
    lockers: list[Lockers] = []
    contracts: list[Past] = []
    for row in rows:
        cells = Cells(row.place, row.values, problems)
        _refuse_unknown(cells)
        if row.values.keys() <= LOCKER_COLUMNS:
            lockers += _lockers(cells)
        else:
            contracts += _contract(cells, today)
    if not lockers:
        problems.append(Problem("the file", "", "says nothing of lockers: add a row with 'count' and 'in_service'"))
    if sum(row.count for row in lockers) > MAX_LOCKERS:
        problems.append(Problem("the file", "count", f"a block has at most {MAX_LOCKERS} lockers: divide the file"))
    problems += _twice_at_once(contracts)
    return Batch(lockers, contracts, problems)


def _refuse_unknown(cells: Cells) -> None:
    for column in cells.values.keys() - set(KNOWN):
        cells.wrong(
            str(column), f"unknown column; known: {', '.join(KNOWN)}; a mapping file can rename or leave it out"
        )


def _lockers(cells: Cells) -> list[Lockers]:
    for column in ("count", "in_service"):
        if column not in cells.values:
            cells.wrong(column, "is missing")
    count, since = cells.number("count", MAX_LOCKERS), cells.day("in_service")
    size = cells.text("size")
    return [] if count is None or since is None else [Lockers(cells.place, count, since, size)]


def _contract(cells: Cells, today: date) -> list[Past]:
    for column in REQUIRED:
        if column not in cells.values:
            cells.wrong(column, "is missing")
    for column in sorted(LOCKER_COLUMNS & cells.values.keys()):
        cells.wrong(column, "belongs in a row of its own, about lockers")
    person, start, end = cells.text("person"), cells.day("start"), cells.day("end")
    if person is not None and not PERSON_CODE.fullmatch(person):
        cells.wrong("person", "give a code of capitals and digits (P07); the person's name goes into the column 'name'")
    _check_days(cells, start, end, today)
    codes = {column: cells.code(column, known) for column, known in CODES.items()}
    reasons, supports = (cells.codes(column, LISTS[column]) for column in ("exit_reason", "supports"))
    emptied, returned = cells.flag("emptied_by_holder"), cells.flag("key_returned")
    entry = {question: answer for question in ENTRY if (answer := codes[f"entry.{question}"]) is not None}
    name, note = cells.text("name"), cells.text("note")
    locker, assumed = cells.number("locker", MAX_LOCKER_NUMBER), _assumed(cells)
    if person is None or start is None:
        return []
    return [
        Past(
            place=cells.place, person=person, starts_on=start, ends_on=end, reasons=reasons, supports=supports,
            entry=entry, collected=emptied or returned, decided_by=codes["decided_by"],
            destination=codes["destination"], stability=codes["stability"], work_on_exit=codes["work"],
            name=name, locker=locker, note=note, assumed=assumed,
        )
    ]  # fmt: skip


def _check_days(cells: Cells, start: date | None, end: date | None, today: date) -> None:
    if start is not None and start > today:
        cells.wrong("start", f"{start} is in the future: hand the locker over here when the day comes")
    if start is not None and end is not None and end < start:
        cells.wrong("end", f"{end} is before the first day ({start})")
    if end is not None and end > today:
        cells.wrong("end", f"{end} is in the future: leave it empty while the contract goes on")
    if end is None and "end" not in cells.values:
        told = ("exit_reason", "destination", "stability", "decided_by", "work", "emptied_by_holder", "key_returned")
        for column in told:
            if column in cells.values:
                cells.wrong(column, "says how the contract ended, but there is no 'end'")


def _assumed(cells: Cells) -> frozenset[str]:
    found = set()
    for column in MARKS:
        word = str(cells.values.get(column, MARK_WORDS[1]))
        if not word.startswith(MARK_WORDS):
            cells.wrong(column, f"{word[:40]!r}: say 'assumed' or 'published'")
        if word.startswith("assumed"):
            found.add(column.rpartition(".")[2].rpartition("_")[0])
    return frozenset(found)


def _twice_at_once(contracts: Sequence[Past]) -> list[Problem]:
    problems: list[Problem] = []
    before: dict[str, Past] = {}
    for contract in sorted(contracts, key=lambda one: one.starts_on):
        other = before.get(contract.person)
        if other is not None and (other.ends_on is None or other.ends_on >= contract.starts_on):
            text = f"{contract.person} has a contract already on {contract.starts_on} ({other.place})"
            problems.append(Problem(contract.place, "start", text))
        before[contract.person] = contract
    return problems
