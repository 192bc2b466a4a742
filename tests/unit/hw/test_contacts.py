"""Debounced contacts of sampled boards."""

from hw.contacts import Contacts


def test_the_first_look_tells_every_door() -> None:
    assert Contacts(3).sample(0b010, 0) == [(1, False), (2, True), (3, False)]


def test_a_change_counts_when_it_is_seen_again_30_ms_later() -> None:
    contacts = Contacts(2)
    contacts.sample(0, 0)
    assert contacts.sample(0b10, 100) == []
    assert contacts.unsettled
    assert contacts.sample(0b10, 129) == []
    assert contacts.sample(0b10, 130) == [(2, True)]
    assert not contacts.unsettled


def test_a_bounce_is_not_a_change() -> None:
    contacts = Contacts(1)
    contacts.sample(0, 0)
    contacts.sample(1, 100)
    assert contacts.sample(0, 110) == []
    assert contacts.sample(1, 150) == []
    assert contacts.sample(1, 180) == [(1, True)]


def test_a_board_that_reports_one_channel_before_any_poll_makes_only_that_one_known() -> None:
    contacts = Contacts(2)
    assert contacts.sample_one(2, True, 0)
    assert contacts.sample(0b10, 5) == [(1, False)]
