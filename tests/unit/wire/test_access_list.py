"""The access list: complete, bounded, and a grant that is not understood is disabled alone."""

import hashlib
import json
from typing import Any

import msgspec
import pytest

from tests.wire_samples import ACCESS, GRANT, signed
from wire.access_list import AccessList, Grant, Kind, decode_access_list, list_hash, why_disabled
from wire.errors import MessageError
from wire.limits import MAX_GRANTS, MAX_LOCKERS
from wire.messages import encode
from wire.topics import Topic


def _payload(**fields: Any) -> bytes:
    return json.dumps(msgspec.to_builtins(ACCESS) | fields).encode()


def _grant(**fields: Any) -> dict[str, Any]:
    changed: dict[str, Any] = msgspec.to_builtins(GRANT) | fields
    return changed


def _disabled(**fields: Any) -> str | None:
    """Why the changed grant must not be used, after a journey over the wire."""
    access_list = decode_access_list(_payload(grants=[_grant(**fields), _grant(id="another")]))
    assert why_disabled(access_list.grants[1], access_list) is None
    return why_disabled(access_list.grants[0], access_list)


def _refusal(payload: bytes) -> str:
    with pytest.raises(MessageError) as caught:
        decode_access_list(payload)
    return caught.value.code


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_grant_is_understood(kind: Kind) -> None:
    assert _disabled(kind=kind.value) is None


def test_an_unknown_kind_disables_that_grant_alone() -> None:
    assert _disabled(kind="lender") == "kind"


def test_a_schedule_that_the_list_lacks_disables_that_grant_alone() -> None:
    assert _disabled(hours="night") == "hours"
    assert _disabled(hours="office") is None


def test_a_badge_key_that_the_list_lacks_disables_that_grant_alone() -> None:
    assert _disabled(key="site-2031") == "key"


@pytest.mark.parametrize("need", ["hours", "notice"])
def test_a_need_that_this_version_honours_is_no_obstacle(need: str) -> None:
    assert _disabled(needs=[need]) is None


def test_a_pin_may_be_needed_and_then_must_be_there() -> None:
    assert _disabled(needs=["pin"], pin="0" * 32) is None
    assert _disabled(needs=["pin"]) == "needs"


@pytest.mark.parametrize("pin", ["", "1234", "Z" * 32, "0" * 33])
def test_a_pin_that_is_no_keyed_hash_disables_that_grant_alone(pin: str) -> None:
    assert _disabled(pin=pin) == "pin"


@pytest.mark.parametrize("needs", [["second_badge"], ["notice", "second_badge"]])
def test_a_need_that_this_version_does_not_honour_disables_that_grant_alone(needs: list[str]) -> None:
    assert _disabled(needs=needs, second_badge="x") == "needs"


def test_an_unknown_field_that_is_not_needed_disables_nothing() -> None:
    assert _disabled(colour="green") is None


def test_defaults_are_left_out_of_a_grant_to_keep_lists_small() -> None:
    assert set(json.loads(encode(GRANT))) == {"id", "digest", "key", "lockers", "not_before", "not_after", "kind"}


@pytest.mark.parametrize(
    "fields",
    [
        {"lockers": []},
        {"lockers": [0]},
        {"lockers": list(range(1, 102))},
        {"digest": "F" * 32},
        {"digest": "0" * 64},
        {"not_after": 253_370_764_800_000},
        {"not_before": "2026-01-01"},
        {"id": "x" * 257},
        {"needs": ["x"] * 17},
    ],
    ids=repr,
)
def test_a_grant_outside_the_limits_refuses_the_list(fields: dict[str, Any]) -> None:
    assert _refusal(_payload(grants=[_grant(**fields)])) == "payload"


def test_two_grants_with_one_id_refuse_the_list() -> None:
    assert _refusal(_payload(grants=[_grant(), _grant()])) == "payload"


def test_a_list_in_a_zone_that_does_not_exist_is_refused() -> None:
    assert _refusal(_payload(zone="Europe/Montreuil")) == "zone"


@pytest.mark.parametrize("field", ["controller", "version", "issued_at", "lease_until", "zone", "grants", "revoked"])
def test_a_truncated_list_is_refused(field: str) -> None:
    fields = msgspec.to_builtins(ACCESS)
    del fields[field]
    assert _refusal(json.dumps(fields).encode()) == "payload"


def test_a_list_cut_off_anywhere_is_refused() -> None:
    payload = encode(ACCESS)
    assert {_refusal(payload[:length]) for length in range(0, len(payload), 7)} == {"payload"}


def _large(count: int, lockers: int = MAX_LOCKERS) -> AccessList:
    grants = tuple(
        msgspec.structs.replace(GRANT, id=f"g{number}", digest=f"{number:032x}", lockers=(number % lockers + 1,))
        for number in range(count)
    )
    return msgspec.structs.replace(ACCESS, grants=grants)


def test_20_000_grants_over_1_000_lockers_are_accepted() -> None:
    assert len(decode_access_list(encode(_large(MAX_GRANTS))).grants) == 20_000


def test_one_grant_more_is_refused() -> None:
    assert _refusal(encode(_large(MAX_GRANTS + 1))) == "payload"


def test_one_locker_more_is_refused() -> None:
    assert _refusal(encode(_large(MAX_LOCKERS + 1, MAX_LOCKERS + 1))) == "payload"


def test_60_holders_are_under_16_kilobytes_as_sent() -> None:
    assert len(signed(Topic.ACCESS, encode(_large(60)))) < 16_000


def test_a_list_is_named_by_the_sha256_of_the_bytes_received() -> None:
    payload = _payload()
    assert list_hash(payload) == hashlib.sha256(payload).hexdigest() != list_hash(encode(ACCESS))


def test_a_grant_cannot_be_changed_after_it_was_decoded() -> None:
    grant: Grant = decode_access_list(encode(ACCESS)).grants[0]
    with pytest.raises(AttributeError):
        grant.kind = "technician"  # type: ignore[misc]
