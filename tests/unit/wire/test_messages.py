"""Messages: what travels comes back the same; limits hold; later versions are borne."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tests import wire_samples
from wire import messages as m
from wire.access_list import AccessList, decode_access_list
from wire.errors import MessageError
from wire.limits import MAX_INSTANT, MAX_INTEGER, MAX_STRING, MIN_INSTANT

SAMPLES = {name: message for name, (_, message) in wire_samples.MESSAGES.items()}


def _decode(name: str, payload: bytes) -> msgspec.Struct:
    """As the receiver of that message does."""
    if name in {"Birth", "Death"}:
        return m.decode_status(payload)
    return decode_access_list(payload) if name == "AccessList" else m.decode(payload, type(SAMPLES[name]))


def _with(name: str, **fields: Any) -> bytes:
    return json.dumps(msgspec.to_builtins(SAMPLES[name]) | fields).encode()


def _refused(name: str, payload: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        _decode(name, payload)
    assert caught.value.code == "payload"


@pytest.mark.parametrize("name", SAMPLES)
def test_what_travels_comes_back_the_same(name: str) -> None:
    assert _decode(name, m.encode(SAMPLES[name])) == SAMPLES[name]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_field_of_a_later_version_is_ignored(name: str) -> None:
    assert _decode(name, _with(name, later={"deep": [1, 2.5, None]})) == SAMPLES[name]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_message_without_its_controller_is_refused(name: str) -> None:
    fields = msgspec.to_builtins(SAMPLES[name])
    del fields["controller"]
    _refused(name, json.dumps(fields).encode())


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize(
    "payload",
    [b"", b"null", b"[]", b"{}", b"\xff", b'{"a":', b"[" * 100_000, b'{"x":' * 100_000, b'{"x":Infinity}', b"{}x"],
    ids=lambda payload: repr(payload[:8]),
)
def test_what_is_not_a_message_is_refused(name: str, payload: bytes) -> None:
    _refused(name, payload)


@pytest.mark.parametrize("controller", ["", "Montreuil", "a/b", "+", "a" * 41, "gateway.city", "a\n", 7, None])
def test_a_controller_that_cannot_be_one_is_refused(controller: object) -> None:
    _refused("Receipt", _with("Receipt", controller=controller))


@pytest.mark.parametrize("instant", [MIN_INSTANT, MAX_INSTANT])
def test_instants_reach_from_2020_to_2100(instant: int) -> None:
    assert m.decode(_with("Receipt", issued_at=instant), m.Receipt).issued_at == instant


def test_the_bounds_of_instants_are_those_of_the_calendar() -> None:
    assert datetime.fromtimestamp(MIN_INSTANT / 1000, UTC) == datetime(2020, 1, 1, tzinfo=UTC)
    assert datetime.fromtimestamp(MAX_INSTANT / 1000, UTC) == datetime(2100, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "instant", [MIN_INSTANT - 1, MAX_INSTANT + 1, 253_370_764_800_000, 0, -1, 1.5e12, "2026-01-01", True, None]
)
def test_an_instant_outside_is_refused(instant: object) -> None:
    _refused("Receipt", _with("Receipt", issued_at=instant))


@pytest.mark.parametrize("count", [0, MAX_INTEGER])
def test_integers_reach_from_0_to_2_to_the_53_less_1(count: int) -> None:
    assert MAX_INTEGER == 9_007_199_254_740_991
    assert m.decode(_with("Receipt", through=count), m.Receipt).through == count


@pytest.mark.parametrize("count", [-1, MAX_INTEGER + 1, 2**64, 10**300, 1.0, "1", True])
def test_an_integer_outside_is_refused(count: object) -> None:
    _refused("Receipt", _with("Receipt", through=count))


def test_a_string_of_256_characters_is_accepted_and_one_more_is_refused() -> None:
    assert m.decode(_with("Reply", why="é" * MAX_STRING), m.Reply).why == "é" * MAX_STRING
    _refused("Reply", _with("Reply", why="é" * (MAX_STRING + 1)))


@pytest.mark.parametrize("locker", [0, -1, 100_000, "12", 1.5])
def test_a_number_that_is_on_no_door_is_refused(locker: object) -> None:
    _refused("Reply", _with("Reply", locker=locker))


@pytest.mark.parametrize("text", ["F" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n", "g" * 64, ""])
def test_a_hash_has_64_lower_case_hex_digits(text: str) -> None:
    _refused("Receipt", _with("Receipt", hash=text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "019eb8d5-9000-7c3e-8a51-0d2f4b6a8c0",
        "019EB8D5-9000-7C3E-8A51-0D2F4B6A8C01",
        "019eb8d5-9000-4c3e-8a51-0d2f4b6a8c01",
        "019eb8d5-9000-7c3e-0a51-0d2f4b6a8c01",
        "019eb8d590007c3e8a510d2f4b6a8c01",
    ],
)
def test_a_command_id_is_a_uuid_of_version_7(text: str) -> None:
    _refused("Command", _with("Command", id=text))


@pytest.mark.parametrize("state", ["online", "offline"])
def test_a_status_says_which_it_is(state: str) -> None:
    name = "Birth" if state == "online" else "Death"
    assert json.loads(m.encode(SAMPLES[name]))["state"] == state


@pytest.mark.parametrize("state", ["ONLINE", "asleep", None, 1])
def test_a_status_of_another_state_is_refused(state: object) -> None:
    _refused("Birth", _with("Birth", state=state))


def test_the_last_of_two_fields_with_one_name_counts_on_both_sides_alike() -> None:
    twice = m.encode(SAMPLES["Receipt"]).replace(b'"through":2', b'"through":9,"through":2')
    assert m.decode(twice, m.Receipt).through == 2


@pytest.mark.parametrize(("kind", "arguments"), m.COMMAND_ARGS.items())
def test_each_command_has_its_own_arguments(kind: str, arguments: type[m.CommandArgs]) -> None:
    given = {
        "open": {"locker": 3},
        "enrol": {"seconds": 30},
        "out_of_service": {"locker": 3, "reason": "latch_broken", "until": MIN_INSTANT},
        "in_service": {"locker": 3},
        "walk_test": {"lockers": [1, 2]},
    }.get(kind, {})
    decoded = m.command_args(m.decode(_with("Command", kind=kind, args=given), m.Command))
    assert decoded == msgspec.convert(given, arguments)
    assert isinstance(decoded, arguments)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("open", {}),
        ("open", {"locker": 0}),
        ("open", {"locker": "3"}),
        ("open", {"locker": 3, "all": True}),
        ("identify", {"locker": 3}),
        ("enrol", {"seconds": 4}),
        ("enrol", {"seconds": 301}),
        ("out_of_service", {"locker": 3, "until": 0}),
        ("walk_test", {"lockers": []}),
        ("walk_test", {"lockers": list(range(1, 1_002))}),
        ("send_access", {"to": "me"}),
    ],
)
def test_arguments_that_are_not_of_the_command_are_refused(kind: str, arguments: dict[str, Any]) -> None:
    command = m.decode(_with("Command", kind=kind, args=arguments), m.Command)
    with pytest.raises(MessageError) as caught:
        m.command_args(command)
    assert caught.value.code == "args"


@pytest.mark.parametrize("kind", ["open_all", "", "Open", "x" * 256])
def test_an_unknown_command_is_refused_and_named_in_short(kind: str) -> None:
    command = m.decode(_with("Command", kind=kind), m.Command)
    with pytest.raises(MessageError) as caught:
        m.command_args(command)
    assert caught.value.code == "kind"
    assert len(str(caught.value)) < 250


def test_there_is_no_command_to_open_everything() -> None:
    assert "all" not in " ".join(m.COMMAND_ARGS)
    assert set(m.COMMAND_ARGS) == {
        "open",
        "identify",
        "enrol",
        "out_of_service",
        "in_service",
        "walk_test",
        "send_access",
    }


def test_an_access_list_is_a_message_too() -> None:
    assert m.decode(m.encode(wire_samples.ACCESS), AccessList) == wire_samples.ACCESS
