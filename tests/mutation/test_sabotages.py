"""Each rule that never bends is broken once in a copy of the tree, and a test notices."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.mutation.sabotages import SABOTAGES, Sabotage
from tests.mutation.tree import Warm


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with closing(Warm()) as made:
        yield made


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name.replace(" ", "-"))
def test_a_broken_rule_is_noticed(warm: Warm, sabotage: Sabotage) -> None:
    assert warm.notices(sabotage), f"{sabotage.test} does not notice: {sabotage.name} ({sabotage.rule})"


def test_a_copy_without_a_sabotage_passes_all_of_their_tests(warm: Warm) -> None:
    assert not warm.fail(*sorted({each.test for each in SABOTAGES}))


def test_there_are_at_least_twenty() -> None:
    assert len(SABOTAGES) >= 20


def test_no_two_sabotages_are_the_same() -> None:
    assert len({(each.file, each.old, each.new) for each in SABOTAGES}) == len(SABOTAGES)
