"""Contacts that the keeper tells: debounced by the controller, although a change is told once."""

import asyncio

from hw.kept_contacts import KeptContacts


def play(scene) -> list[tuple[int, bool]]:
    heard: list[tuple[int, bool]] = []
    now = {"ms": 1000}

    async def run() -> None:
        contacts = KeptContacts(
            2, 0b11, lambda: now["ms"], lambda number, is_open, _at: heard.append((number, is_open))
        )
        await scene(contacts, now)
        contacts.stop()

    asyncio.run(run())
    return heard


def test_the_first_look_tells_every_contact() -> None:
    async def scene(contacts, now):
        contacts.heard(0b10)

    assert play(scene) == [(1, False), (2, True)]


def test_a_change_told_once_counts_when_it_has_settled(until) -> None:
    heard: list[tuple[int, bool]] = []

    async def run() -> None:
        now = 1000

        def clock() -> int:
            return now

        contacts = KeptContacts(1, 1, clock, lambda number, is_open, _at: heard.append((number, is_open)))
        contacts.heard(0)
        contacts.heard(1)
        assert heard == [(1, False)]
        now += 40
        await until(lambda: heard == [(1, False), (1, True)])
        contacts.stop()

    asyncio.run(run())


def test_a_change_that_is_taken_back_before_it_settled_is_none() -> None:
    async def scene(contacts, now):
        contacts.heard(0)
        contacts.heard(1)
        now["ms"] += 10
        contacts.heard(0)
        now["ms"] += 100
        contacts.heard(0)

    assert play(scene) == [(1, False), (2, False)]


def test_a_contact_wired_the_other_way_round_is_open_at_a_low_level() -> None:
    heard: list[bool] = []
    KeptContacts(1, 0, lambda: 0, lambda _number, is_open, _at: heard.append(is_open)).heard(0)
    assert heard == [True]
