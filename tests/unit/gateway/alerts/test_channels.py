"""Addresses: told what they want of their site, once what stands already; sealed, and refused with mistakes."""

import pytest

from gateway.alerts import sending, service
from gateway.errors import InvalidError, NotFoundError
from gateway.lockers import service as places
from tests.unit.gateway.alerts.rounds import HOUR, MINUTE, Post, channel, happens, round_of, stands
from tests.unit.gateway.town import NOON, ZONE, Town


def test_only_channels_of_the_site_that_want_the_kind_are_told(town: Town, post: Post) -> None:
    round_of(town, post, NOON)
    channel(town, kinds=["offline"])
    gone = channel(town, site_id=town.site_id)
    with town.writing() as session:
        service.disable_channel(session, gone.id, actor="test", now=NOON)
    happens(town, "door_forced", 3, "forced")
    assert round_of(town, post, NOON + MINUTE) == []
    channel(town, site_id=town.site_id, kinds=["forced"])
    stands(town, 3, None)
    round_of(town, post, NOON + HOUR)
    happens(town, "door_forced", 3, "forced")
    assert len(round_of(town, post, NOON + HOUR)) == 1


def test_an_address_that_is_added_is_told_once_what_stands(watched: Town, post: Post) -> None:
    for number in (2, 3, 4):
        happens(watched, "door_forced", number, "forced")
    happens(watched, "not_opened", 5, "jammed")
    assert len(round_of(watched, post, NOON + MINUTE)) == 4
    stands(watched, 2, None)
    round_of(watched, post, NOON + MINUTE)
    channel(watched, kinds=["forced"], site_id=watched.site_id)
    with watched.writing() as session:
        elsewhere = places.site_named(
            session, "Lille", organisation_id=watched.organisation_id, zone=ZONE, actor="test", now=NOON
        )
    channel(watched, site_id=elsewhere.id)
    assert sorted(round_of(watched, post, NOON + HOUR)) == [
        f"Forced: Montreuil, Montreuil 1, Locker {number}" for number in (3, 4)
    ]
    assert round_of(watched, post, NOON + 2 * HOUR) == []


def test_an_address_is_sealed_and_never_given_back(town: Town) -> None:
    from gateway.alerts.schemas import ChannelOut

    made = channel(town)
    assert "secret" not in ChannelOut.model_validate(made).model_dump_json()
    with town.reading() as session:
        stored = session.connection().exec_driver_sql("SELECT address FROM alert_channel").scalar_one()
    assert "secret" not in stored


def test_a_channel_with_mistakes_is_refused(town: Town) -> None:
    for wrong, code in (
        ({"kinds": ["gossip"]}, "kind"), ({"quiet": (60, 60)}, "quiet"), ({"zone": "Mars/Base"}, "zone"),
    ):  # fmt: skip
        with pytest.raises(InvalidError) as caught:
            channel(town, **wrong)
        assert caught.value.code == code
    with pytest.raises(NotFoundError):
        channel(town, site_id="nowhere")
    with town.writing() as session, pytest.raises(InvalidError, match="apprise"):
        service.add_channel(session, label="x", address="nonsense", actor="test", now=NOON)


def test_apprise_says_whether_a_message_was_taken() -> None:
    assert sending.usable("mailtos://user:pass@example.org")
    assert not sending.usable("nonsense")
    assert sending.send("json://127.0.0.1:1/", "title", "body") is False
