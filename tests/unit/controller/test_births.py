"""When a bank says its birth again on `status`."""

from controller.births import Births
from controller.outbox import NEVER_MS


def said(*births: bytes) -> Births:
    made = Births()
    made.begin()
    for birth in births:
        made.said(birth, 1_000)
    return made


def test_a_birth_that_the_broker_does_not_give_back_is_owed_again_after_a_minute() -> None:
    assert said(b"birth").due_ms == 61_000


def test_a_birth_that_the_broker_gives_back_is_owed_no_more() -> None:
    births = said(b"birth")
    assert births.is_own(b"birth")
    assert births.due_ms == NEVER_MS


def test_the_echo_of_an_earlier_birth_is_not_that_of_the_last() -> None:
    births = said(b"birth", b"again")
    assert births.is_own(b"birth")
    assert births.due_ms == 61_000


def test_a_strangers_status_is_answered_five_seconds_after_the_last_birth() -> None:
    births = said(b"birth")
    assert not births.is_own(b"somebody else")
    assert births.due_ms == 6_000


def test_an_echo_that_comes_after_a_strangers_status_does_not_put_that_off() -> None:
    births = said(b"birth")
    assert not births.is_own(b"somebody else")
    assert births.is_own(b"birth")
    assert births.due_ms == 6_000


def test_what_the_session_before_has_said_is_a_strangers() -> None:
    births = said(b"birth")
    births.begin()
    births.said(b"next", 2_000)
    assert not births.is_own(b"birth")


def test_the_echo_of_its_own_death_is_no_strangers() -> None:
    births = said(b"birth")
    births.ended(b"death")
    assert births.is_own(b"death")
