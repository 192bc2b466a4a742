"""The order of commissioning: who is pulsed, who is left alone, what is kept, and that it goes on where it was."""

from hw.ports import Coil
from tests.unit.controller.commission.model import Model, changes, findings, locker_file, pins, xor

BOARDS = {"a": xor(channels=8)}


def test_every_locker_is_pulsed_once_and_kept_before_the_next() -> None:
    model = Model(locker_file(4), BOARDS)
    result = model.run()
    assert model.finished
    assert model.pulses == [Coil("a", channel) for channel in (1, 2, 3, 4)]
    assert [len(progress.trials) for progress in model.kept] == [0, 1, 2, 3, 4, 4]
    assert result.ok
    assert not result.has_changes


def test_a_held_locker_is_not_pulsed_and_the_person_is_told() -> None:
    model = Model(locker_file(4), BOARDS, held=frozenset({2}))
    result = model.run()
    assert Coil("a", 2) not in model.pulses
    assert "held" in model.codes_told()
    assert [door.state for door in result.doors()] == ["fine", "held", "fine", "fine"]
    assert result.ok


def test_a_held_door_that_opens_by_a_crossed_wire_is_told_at_once() -> None:
    model = Model(locker_file(4), BOARDS, opens={Coil("a", 1): (1, 2)}, held=frozenset({2}))
    model.run()
    assert [step.lockers for step in model.told if step.code == "held_opened"] == [(2,)]


def test_stopped_it_goes_on_with_the_first_locker_that_was_not_answered_for() -> None:
    first = Model(locker_file(4), BOARDS, stop_after=2)
    first.run()
    assert not first.finished
    assert len(first.pulses) == 3
    second = Model(locker_file(4), BOARDS)
    result = second.run(progress=first.kept[-1])
    assert second.pulses == [Coil("a", 3), Coil("a", 4)]
    assert result.ok


def test_finished_it_pulses_nothing_again() -> None:
    first = Model(locker_file(4), BOARDS)
    first.run()
    second = Model(locker_file(4), BOARDS)
    assert second.run(progress=first.progress).ok
    assert second.pulses == []


def test_named_lockers_are_tested_again_and_the_others_stay_known() -> None:
    broken = Model(locker_file(4), BOARDS, opens={Coil("a", 3): ()})
    assert not broken.run().ok
    mended = Model(locker_file(4), BOARDS)
    result = mended.run(only={3}, progress=broken.progress)
    assert mended.pulses == [Coil("a", 3)]
    assert result.ok


def test_a_mended_sensor_is_seen_in_the_next_run() -> None:
    broken = Model(locker_file(4), BOARDS, always_open=frozenset({3}))
    assert findings(broken.run()) == {"stuck_open": {(3,)}}
    assert Model(locker_file(4), BOARDS).run(only={3}, progress=broken.progress).ok


def test_a_board_that_works_again_is_taken_up_where_it_was() -> None:
    lockers = locker_file(2) | locker_file(2, "b", 3)
    boards = {"a": xor(channels=8), "b": xor("b", 8, address=2)}
    first = Model(lockers, boards, silent=frozenset({"b"}))
    first.run()
    second = Model(lockers, boards, inverted=frozenset({"b"}))
    result = second.run(progress=first.progress)
    assert [coil.board for coil in second.pulses] == ["b", "b"]
    assert changes(result) == {"boards.b.open_bit": 0}
    assert result.ok


def test_a_silent_board_is_left_out_and_its_neighbours_go_on() -> None:
    lockers = locker_file(2) | locker_file(2, "b", 3)
    boards = {"a": xor(channels=8), "b": xor("b", 8, address=2)}
    model = Model(lockers, boards, silent=frozenset({"b"}))
    result = model.run()
    assert {coil.board for coil in model.pulses} == {"a"}
    assert findings(result)["board_fault"] == {(3, 4)}
    assert not result.ok


def test_beside_a_silent_board_with_held_lockers_nothing_is_pulsed() -> None:
    lockers = locker_file(2) | locker_file(2, "b", 3)
    boards = {"a": xor(channels=8), "b": xor("b", 8, address=2)}
    model = Model(lockers, boards, silent=frozenset({"b"}), held=frozenset({4}))
    model.run()
    assert model.pulses == []
    assert "beside_silent" in model.codes_told()


def test_after_a_coil_that_stays_on_no_other_is_pulsed() -> None:
    model = Model(locker_file(3), BOARDS, stays_on=frozenset({Coil("a", 2)}))
    result = model.run()
    assert (model.finished, model.pulses) == (False, [Coil("a", 1), Coil("a", 2)])
    assert findings(result)["board_fault"] == {(1, 2, 3)}


def test_unwatched_without_sensors_nothing_is_pulsed() -> None:
    model = Model(locker_file(4), {"a": pins()}, no_sensors=frozenset({"a"}))
    model.run(watched=False)
    assert (model.finished, model.pulses) == (False, [])
    assert "no_sensors" in model.codes_told()


def test_watched_without_sensors_the_person_is_the_sensor() -> None:
    model = Model(locker_file(2), {"a": pins()}, no_sensors=frozenset({"a"}), opens={Coil("a", 2): ()})
    result = model.run()
    assert findings(result) == {"not_opened": {(2,)}}


def test_unwatched_a_door_that_did_not_move_is_pulsed_once_more() -> None:
    model = Model(locker_file(3), BOARDS, opens={Coil("a", 2): ()})
    result = model.run(watched=False)
    assert model.pulses.count(Coil("a", 2)) == 2
    assert findings(result) == {"not_opened": {(2,)}}


def test_a_door_being_shut_is_not_taken_for_an_opening() -> None:
    result = Model(locker_file(4), BOARDS, shuts_late=True).run()
    assert result.ok
    assert changes(result) == {}


def test_a_pin_whose_sensors_all_read_open_is_tried_with_the_other_level() -> None:
    model = Model(locker_file(4), {"a": pins()}, inverted=frozenset({"a"}), by_trying=True)
    result = model.run()
    assert changes(result) == {"boards.a.doors_open_level": "low"}
    assert result.ok


def test_sensors_that_read_open_at_either_level_stay_as_the_file_says() -> None:
    every = frozenset({1, 2, 3, 4})
    result = Model(locker_file(4), {"a": pins()}, always_open=every).run()
    assert changes(result) == {}
    assert findings(result)["dead_sensor"] == {(each,) for each in every}
