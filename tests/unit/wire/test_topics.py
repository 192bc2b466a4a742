"""Topics: their names, their ways, and who may be a controller."""

import pytest

from wire.topics import DOWN, RETAINED, UP, Topic, is_controller_id, parse_topic, topic_name


def test_a_topic_is_named_by_controller_and_purpose() -> None:
    assert topic_name("montreuil-1", Topic.EVENTS) == "casier/1/montreuil-1/events"
    assert parse_topic("casier/1/montreuil-1/events") == ("montreuil-1", Topic.EVENTS)


def test_every_topic_goes_one_way() -> None:
    assert sorted(UP + DOWN) == sorted(Topic)


def test_commands_and_receipts_are_never_retained() -> None:
    assert set(RETAINED) == {Topic.STATUS, Topic.TRUST, Topic.KEYS, Topic.ACCESS}


def test_each_topic_has_its_payload_type() -> None:
    assert Topic.ACCESS.payload_type == "application/vnd.casier.access+json"
    assert len({topic.payload_type for topic in Topic}) == len(Topic)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "casier/1/montreuil-1",
        "casier/1/montreuil-1/events/x",
        "/casier/1/montreuil-1/events",
        "casier/2/montreuil-1/events",
        "casier/1/montreuil-1/gossip",
        "casier/1/montreuil-1/EVENTS",
        "casier/1/Montreuil/events",
        "casier/1/+/events",
        "casier/1/#",
        "casier/1//events",
        "casier/1/montreuil-1\n/events",
        "$share/casier/1/events",
    ],
)
def test_a_foreign_topic_is_not_ours(name: str) -> None:
    assert parse_topic(name) is None


@pytest.mark.parametrize("name", ["a", "montreuil-1", "0", "-", "a" * 40])
def test_a_controller_id_is_1_to_40_lower_case_letters_digits_and_hyphens(name: str) -> None:
    assert is_controller_id(name)


@pytest.mark.parametrize("name", ["", "a" * 41, "A", "é", "a_b", "gateway.city", "a ", "a\n", "a/b", "+", "٣"])
def test_anything_else_is_no_controller_id(name: str) -> None:
    assert not is_controller_id(name)
