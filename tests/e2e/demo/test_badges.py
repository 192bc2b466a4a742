"""A badge opens its own locker under a valid contract, and is refused with the right reason otherwise."""

import pytest

from tests.e2e.demo.site_under_test import Site, eventually

# Whoever ends the pulse and counts it are programs, too, on a machine that may be busy.
PULSE_MS = range(270, 600)


def test_a_valid_badge_opens_its_own_locker_and_no_other(site: Site) -> None:
    before, since = site.releases(), site.newest_event()
    site.tap("valid")
    eventually("locker 1 is open", lambda: site.locker(1)["door"] == "open", 3)
    assert site.bank()["light"] == "green"
    intended = site.sees("release_intended", since, locker=1)
    site.sees("released", since, release=intended["body"]["release"])
    site.sees("door_opened", since, release=intended["body"]["release"])
    assert site.releases() == {**before, 1: before[1] + 1}


@pytest.mark.parametrize(("bank", "number"), [("montreuil-1", 1), ("lille-1", 1)])
def test_the_coil_is_energised_for_its_pulse_and_no_longer(site: Site, bank: str, number: int) -> None:
    site.tap("valid", bank)
    eventually("the door is open", lambda: site.locker(number, bank)["door"] == "open", 3)
    eventually("the coil is off", lambda: not site.locker(number, bank)["coil"], 1)
    assert site.locker(number, bank)["last_pulse_ms"] in PULSE_MS


@pytest.mark.parametrize(
    ("label", "why", "light"),
    [
        ("unknown", "unknown", "red"),
        ("ended", "ended", "red"),
        ("tomorrow", "not_yet", "red"),
        ("suspended", "suspended", "amber"),
        ("revoked", "revoked", "red"),
    ],
)
def test_a_badge_without_a_valid_contract_is_refused_and_told_why(site: Site, label: str, why: str, light: str) -> None:
    before, since = site.releases(), site.newest_event()
    site.tap(label)
    eventually(f"the light is {light}", lambda: site.bank()["light"] == light, 2)
    site.sees("badge_refused", since, why=why)
    assert site.releases() == before


def test_a_badge_in_its_time_to_collect_opens(site: Site) -> None:
    since = site.newest_event()
    site.tap("grace")
    eventually("locker 5 is open", lambda: site.locker(5)["door"] == "open", 3)
    assert site.sees("release_intended", since, locker=5)["body"]["kind"] == "collect"


def test_a_badge_is_refused_as_soon_as_the_bank_has_its_revocation(site: Site) -> None:
    site.opens("henri", 16)
    before, since = site.releases(), site.newest_event()
    answer = site.api.post(f"/api/v1/badges/{site.badge_id('henri')}/revoke", json={"reason": "lost"})
    assert answer.status_code == 200
    site.sees("access_applied", since)  # how soon, a bench measures
    site.tap("henri")
    site.sees("badge_refused", since, why="revoked")
    assert site.releases() == before


def test_a_badge_held_for_three_seconds_is_one_presentation(site: Site) -> None:
    before, since = site.releases(), site.newest_event()
    site.tap("bogdan", held_ms=3000)
    eventually("locker 8 is open", lambda: site.locker(8)["door"] == "open", 3)
    eventually("the badge is gone", lambda: site.bank()["light"] == "off", 10)
    assert site.releases() == {**before, 8: before[8] + 1}
    assert len([each for each in site.events(since, "release_intended") if each["locker"] == 8]) == 1


def test_open_for_someone_is_shown_as_it_happens(site: Site) -> None:
    order = site.order_open(9)
    done = eventually(
        "the order's life ends",
        lambda: (found := site.command(order["id"]))["state"] in ("opened", "not_opened", "refused") and found,
        10,
    )
    assert [step["state"] for step in done["steps"]] == ["requested", "accepted", "released", "opened"]
    assert site.locker(9)["door"] == "open"


def test_a_jammed_door_is_told_from_an_opened_one(site: Site) -> None:
    with site.faulty("door_jammed", number=10):
        since = site.newest_event()
        site.tap("dawit")
        site.sees("released", since, locker=10)
        site.sees("not_opened", since, locker=10)
        assert site.locker(10)["door"] == "closed"
        eventually("the wall says jammed", lambda: site.tile(10)["state"] == "jammed", 5)


def test_a_forced_door_is_reported(site: Site) -> None:
    since = site.newest_event()
    site.bench.post("/api/doors/20/force").raise_for_status()
    site.sees("door_forced", since, locker=20)
    eventually("the wall says forced", lambda: site.tile(20)["state"] == "forced", 5)
