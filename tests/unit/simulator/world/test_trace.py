"""The trace: one digest for one course of things, whether or not its lines are kept."""

from simulator.world.trace import Trace


def run(count: int, *, keep: bool = False) -> Trace:
    trace = Trace(keep=keep)
    for number in range(count):
        trace.note(1_000 + number, "bank-1", "released", locker=number, cause="badge")
    return trace


def test_the_digest_is_of_the_lines_and_not_of_how_often_it_was_asked_for() -> None:
    asked = Trace()
    for number in range(2_000):
        asked.note(1_000 + number, "bank-1", "released", locker=number, cause="badge")
        asked.digest()
    assert asked.digest() == run(2_000).digest() == run(2_000, keep=True).digest()


def test_another_fact_is_another_digest() -> None:
    assert run(2_000).digest() != run(1_999).digest()


def test_what_is_only_told_is_kept_in_its_place_and_not_digested() -> None:
    for keep in (False, True):
        trace = run(1, keep=keep)
        trace.tell(1_001, "gateway", "sends access", version=7)
        trace.note(1_002, "bank-1", "released", locker=1, cause="badge")
        same = run(1)
        same.note(1_002, "bank-1", "released", locker=1, cause="badge")
        assert trace.digest() == same.digest()
        assert [line.what for line in trace.lines] == (["released", "sends access", "released"] if keep else [])


def test_lines_that_are_kept_read_as_they_happened() -> None:
    assert [str(line) for line in run(1, keep=True).lines] == ["1000 bank-1 released locker=0 cause=badge"]
    assert run(3).lines == []
