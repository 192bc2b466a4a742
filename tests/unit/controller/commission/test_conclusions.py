"""What the trials come to: the wiring is learned, each fault is named with its lockers, nothing in doubt is written."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from controller.commission.learned import learn
from controller.commission.plan import Board, Choice
from controller.commission.progress import Sensed, Trial
from controller.commission.rewiring import turned
from hw.ports import Coil
from tests.unit.controller.commission.model import Model, changes, findings, locker_file, xor

BOARDS = {"a": xor(channels=8)}


def test_the_other_polarity_is_learned() -> None:
    result = Model(locker_file(4), BOARDS, inverted=frozenset({"a"})).run()
    assert changes(result) == {"boards.a.open_bit": 0}
    assert result.ok


def test_the_other_byte_order_is_learned_even_of_a_board_with_one_byte_of_locks() -> None:
    for channels in (4, 24):
        boards = {"a": xor(channels=max(channels, 8))}
        result = Model(locker_file(channels), boards, reversed_order=frozenset({"a"})).run()
        assert changes(result) == {"boards.a.byte_order": "s1_last"}
        assert result.ok


def test_one_crossed_pair_is_not_taken_for_the_other_byte_order() -> None:
    lockers = locker_file(24)
    crossed: dict[int, Coil | None] = {1: Coil("a", 17), 17: Coil("a", 1)}
    result = Model(lockers, {"a": xor()}, sensor_at=crossed).run()
    assert changes(result) == {}
    assert findings(result) == {"crossed_sensor": {(1, 17)}}


def test_one_channel_alone_does_not_turn_the_byte_order() -> None:
    lockers = {1: Coil("a", 1), 2: Coil("a", 2), 3: Coil("a", 9)}
    result = Model(lockers, {"a": xor()}, sensor_at={1: Coil("a", 17), 2: None}).run()
    assert changes(result) == {}
    assert findings(result) == {"crossed_sensor": {(1,)}, "dead_sensor": {(2,)}}


def test_a_sensor_that_moved_while_no_door_did_has_no_vote() -> None:
    trial = Trial("a", 1, "accepted", (), (Sensed("a", 17, False, 90),))
    learned = learn(xor(), [trial, trial], {Coil("a", 1): 1})
    assert (learned.inverted, learned.reversed_order) == ({}, False)


def test_swapped_doors_change_the_lockers_and_nothing_is_broken() -> None:
    lockers = locker_file(4)
    wired = {**lockers, 2: lockers[3], 3: lockers[2]}
    model = Model(lockers, BOARDS, opens={coil: (door,) for door, coil in wired.items()}, sensor_at=dict(wired))
    result = model.run()
    assert findings(result) == {"swapped": {(2, 3)}}
    assert result.coils == wired
    assert result.ok


def test_crossed_lock_wires_are_named_and_the_file_stays() -> None:
    lockers = locker_file(4)
    result = Model(lockers, BOARDS, opens={lockers[2]: (3,), lockers[3]: (2,)}).run()
    assert findings(result) == {"crossed_lock": {(2, 3)}}
    assert result.coils == lockers
    assert not result.ok


def test_unwatched_a_crossed_pair_is_named_and_the_file_stays() -> None:
    lockers = locker_file(4)
    result = Model(lockers, BOARDS, opens={lockers[2]: (3,), lockers[3]: (2,)}).run(watched=False)
    assert findings(result) == {"crossed_sensor": {(2, 3)}}
    assert result.coils == lockers


def test_a_move_whose_other_end_is_unknown_is_not_written() -> None:
    lockers = locker_file(4)
    model = Model(lockers, BOARDS, opens={lockers[2]: (3,)}, sensor_at={3: lockers[2], 2: None}, held=frozenset({3}))
    result = model.run()
    assert result.coils == lockers
    assert findings(result)["wrong_door"] == {(2, 3)}


def test_two_doors_on_one_channel() -> None:
    lockers = locker_file(4)
    result = Model(lockers, BOARDS, opens={lockers[2]: (2, 3), lockers[3]: ()}).run()
    assert findings(result) == {"two_doors": {(2, 3)}, "not_opened": {(3,)}}


def test_one_door_on_two_channels() -> None:
    lockers = locker_file(4)
    result = Model(lockers, BOARDS, opens={lockers[3]: (2,)}, sensor_at={3: None}).run()
    found = findings(result)
    assert found["same_door"] == {(2,)}
    assert found["door_never_opened"] == {(3,)}


def test_a_swap_with_a_third_channel_on_one_of_its_doors_is_not_written() -> None:
    lockers = locker_file(4)
    opens = {lockers[1]: (3,), lockers[2]: (3,), lockers[3]: (2,)}
    result = Model(lockers, BOARDS, opens=opens, sensor_at={2: lockers[3], 3: lockers[2]}).run()
    assert result.coils == lockers
    assert not result.ok


def test_two_boards_on_one_address_are_told_from_two_doors_on_one_channel() -> None:
    lockers = locker_file(3) | locker_file(3, "b", 4)
    boards = {"a": xor(channels=8), "b": xor("b", 8, address=2)}
    opens = {Coil("a", channel): (channel, channel + 3) for channel in (1, 2, 3)}
    sensors = {number: Coil("a", number - 3) for number in (4, 5, 6)}  # the answers of both lie over each other
    result = Model(lockers, boards, opens=opens, sensor_at=dict(sensors), silent=frozenset({"b"})).run()
    found = findings(result)
    assert found["two_boards_one_address"] == {(1, 2, 3, 4, 5, 6)}
    assert "two_doors" not in found
    assert found["board_fault"] == {(4, 5, 6)}


def test_dead_stuck_and_sticking_sensors_are_told_apart() -> None:
    model = Model(
        locker_file(6), BOARDS, sensor_at={2: None}, always_open=frozenset({3}), sticks=frozenset({4}),
        inverted=frozenset({"a"}),
    )  # fmt: skip
    result = model.run()
    assert findings(result) == {"dead_sensor": {(2,)}, "stuck_open": {(3,)}, "not_closed": {(4,)}}
    assert changes(result) == {"boards.a.open_bit": 0}


def test_one_contact_of_the_other_kind_is_named() -> None:
    result = Model(locker_file(4), BOARDS, backwards=frozenset({3})).run()
    assert findings(result) == {"backwards_sensor": {(3,)}}
    assert changes(result) == {}


def test_channels_that_disagree_change_nothing() -> None:
    result = Model(locker_file(5), BOARDS, backwards=frozenset({1, 2, 3})).run()
    assert changes(result) == {}
    assert findings(result)["doubtful"] == {()}


def test_a_slow_door_is_named_and_given_time() -> None:
    result = Model(locker_file(4), BOARDS, after_ms={2: 1_450}).run()
    assert findings(result) == {"slow_door": {(2,)}}
    assert changes(result) == {"releases.open_within_ms": 2_900}


@st.composite
def wirings(draw: st.DrawFn) -> Model:
    lockers = locker_file(12) | locker_file(5, "b", 13)
    boards = {"a": xor(channels=16), "b": xor("b", 8, address=2)}
    wired = dict(zip(lockers, draw(st.permutations(list(lockers.values()))), strict=True))
    return Model(
        lockers, boards, opens={coil: (door,) for door, coil in wired.items()}, sensor_at=dict(wired),
        inverted=draw(st.frozensets(st.sampled_from("ab"))), reversed_order=draw(st.frozensets(st.sampled_from("ab"))),
    )  # fmt: skip


@given(wirings())
def test_any_wiring_is_learned_in_one_go_and_then_nothing_is_left_to_change(model: Model) -> None:
    result = model.run()
    assert result.ok
    assert result.coils == model.sensor_at
    wanted = {f"boards.{board}.open_bit": 0 for board in model.inverted}
    assert changes(result) == wanted | {f"boards.{board}.byte_order": "s1_last" for board in model.reversed_order}
    corrected = Model(result.coils, _corrected(model))
    progress = turned(result.plan, model.progress, result.changes, "f2")
    after = corrected.run(progress=progress)
    assert corrected.pulses == []
    assert after.ok
    assert not after.has_changes


def _corrected(model: Model) -> dict[str, Board]:
    """The boards as the changed file has them."""

    def board(each: Board) -> Board:
        polarity = Choice("open_bit", 0, 1) if each.name in model.inverted else each.polarity["door"]
        order = Choice("byte_order", "s1_last", "s1_first") if each.name in model.reversed_order else each.byte_order
        return replace(each, polarity={"door": polarity}, byte_order=order)

    return {name: board(each) for name, each in model.boards.items()}
