"""Each rule that never bends is broken once in a copy of the tree, and the tests notice."""

import pytest

from tests.mutation.sabotages import SABOTAGES, Sabotage
from tests.mutation.tree import noticed_by


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name.replace(" ", "-"))
def test_a_broken_rule_is_noticed(sabotage: Sabotage) -> None:
    assert noticed_by(sabotage), f"nothing notices: {sabotage.name} ({sabotage.rule})"


def test_no_two_sabotages_are_the_same() -> None:
    assert len({(each.file, each.old, each.new) for each in SABOTAGES}) == len(SABOTAGES)
