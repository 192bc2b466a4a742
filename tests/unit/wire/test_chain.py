"""The hash chain: what sha256sum computes, entry by entry."""

from wire.chain import GENESIS, link, link_all


def test_a_link_is_the_sha256_of_the_previous_hash_and_the_line() -> None:
    # (head -c 32 /dev/zero; printf '{"a":1}') | sha256sum, and that followed by {"b":2}
    first = link(bytes(32), b'{"a":1}')
    assert first.hex() == "b06a229070741292512e8760f470dd7a4c46ccfdf253df781d88dabe58c1ccb1"
    assert link(first, b'{"b":2}').hex() == "0b2395e34f7bf5a93f849ba24bfd4e0f93b573e468c754894ad38a08222b0f82"


def test_an_epoch_begins_with_32_zero_bytes() -> None:
    assert bytes(32) == GENESIS


def test_many_lines_are_linked_one_after_the_other() -> None:
    assert link_all(GENESIS, [b"a", b"b"]) == link(link(GENESIS, b"a"), b"b")
    assert link_all(GENESIS, []) == GENESIS


def test_a_line_left_out_changed_or_moved_shows() -> None:
    whole = link_all(GENESIS, [b"a", b"b", b"c"])
    assert whole not in {
        link_all(GENESIS, lines) for lines in ([b"a", b"c"], [b"a", b"B", b"c"], [b"b", b"a", b"c"], [b"ab", b"c"])
    }
