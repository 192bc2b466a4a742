"""Ids sort as they were made, whatever the clock that is handed in says in between."""

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from wire.ids import uuid7

_INSTANTS = st.lists(st.integers(0, 5) | st.integers(0, (1 << 48) - 1), max_size=60)


@given(_INSTANTS)
def test_ids_sort_by_their_millisecond_and_then_by_the_order_of_their_making(instants: list[int]) -> None:
    made = [(instant, uuid7(instant)) for instant in instants]
    assert [one for _, one in sorted(made, key=lambda pair: pair[0])] == sorted(one for _, one in made)


def test_ids_that_threads_make_in_one_millisecond_differ_and_sort_in_each_thread() -> None:
    with ThreadPoolExecutor(4) as threads:
        runs = list(threads.map(lambda _: [uuid7(7) for _ in range(500)], range(4)))
    assert all(run == sorted(run) for run in runs)
    assert len({one for run in runs for one in run}) == 2_000
