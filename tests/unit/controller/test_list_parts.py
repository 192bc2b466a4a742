"""The access list as it goes back to the gateway."""

from controller.list_parts import in_parts
from tests.wire_samples import AT, COMMAND, SESSION
from wire.limits import LIST_PART_BYTES
from wire.messages import Reply

REPLY = Reply("bank-1", SESSION, COMMAND, "list", AT)


def test_a_list_goes_back_whole_in_parts_that_know_their_place() -> None:
    envelope = bytes(range(256)) * (LIST_PART_BYTES // 128)
    parts = list(in_parts(REPLY, envelope))
    assert b"".join(part.data or b"" for part in parts) == envelope
    assert [(part.part, part.parts, part.state) for part in parts] == [(1, 2, "list"), (2, 2, "list")]


def test_a_list_that_cannot_be_read_is_an_answer_and_no_silence() -> None:
    (only,) = in_parts(REPLY, None)
    assert (only.state, only.why, only.data) == ("failed", "unreadable", None)
