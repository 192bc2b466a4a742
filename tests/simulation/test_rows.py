"""The fault table as it is shown: every row by a fault of the world or a test, and every name in it exists."""

import ast
from functools import cache
from pathlib import Path

import pytest

from simulator.world.faults.families import FAMILIES, FAULTS
from tests.simulation.rows import ROWS, Row

ROOT = Path(__file__).parents[2]


def test_all_twenty_eight_rows_are_shown_by_faults_and_by_tests_outside_the_world() -> None:
    assert [row.number for row in ROWS] == list(range(1, 29))
    assert [row.number for row in ROWS if not row.faults or not row.tests] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))
def test_every_name_of_a_row_exists(row: Row) -> None:
    assert set(row.faults) <= FAULTS.keys()
    for test in row.tests:
        path, _, name = test.partition("::")
        assert name in functions(path), test


def test_every_fault_of_the_world_shows_a_row_and_has_a_name_of_its_own() -> None:
    assert sum(len(family) for family in FAMILIES) == len(FAULTS)
    assert {number for fault in FAULTS.values() for number in fault.rows} == set(range(1, 29))


def test_a_row_is_shown_by_the_very_faults_that_say_so() -> None:
    shown = {(row.number, name) for row in ROWS for name in row.faults}
    claimed = {(number, fault.name) for fault in FAULTS.values() for number in fault.rows}
    assert shown == claimed


@cache
def functions(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
