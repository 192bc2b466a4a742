"""When the broker is tried again."""

from controller.reconnect import FIRST_RETRY_MS, GOOD_AFTER_MS, LONGEST_RETRY_MS, Reconnect, Reconnection


def waits(jitter: float, failures: int) -> list[int]:
    reconnect = Reconnect(lambda: jitter)
    now_ms, found = 0, []
    for _ in range(failures):
        assert reconnect.due(now_ms)
        reconnect.lost(now_ms)
        due_ms = reconnect.wait_ms
        assert due_ms is not None
        assert not reconnect.due(due_ms - 1)
        found.append(due_ms - now_ms)
        now_ms = due_ms
    return found


def test_waits_double_up_to_half_a_minute() -> None:
    assert waits(0.0, 7) == [1_000, 2_000, 4_000, 8_000, 16_000, LONGEST_RETRY_MS, LONGEST_RETRY_MS]


def test_jitter_shortens_a_wait_by_up_to_half() -> None:
    assert waits(1.0, 3) == [500, 1_000, 2_000]


def test_a_connection_that_lasted_starts_again_from_the_shortest_wait() -> None:
    reconnect = Reconnect(lambda: 0.0)
    for now_ms in (0, 10_000, 20_000):
        reconnect.due(now_ms)
        reconnect.lost(now_ms)
    assert reconnect.due(60_000)
    reconnect.connected(60_000)
    reconnect.lost(60_000 + GOOD_AFTER_MS)
    assert reconnect.wait_ms == 60_000 + GOOD_AFTER_MS + FIRST_RETRY_MS


def test_one_attempt_at_a_time() -> None:
    reconnect = Reconnect(lambda: 0.0)
    assert reconnect.due(0)
    assert not reconnect.due(1_000_000)


def test_after_stop_it_is_never_due() -> None:
    reconnect = Reconnect(lambda: 0.0)
    reconnect.stop()
    reconnect.lost(0)
    assert not reconnect.due(1_000_000)
    assert reconnect.wait_ms is None
    assert reconnect.state is Reconnection.STOPPED
