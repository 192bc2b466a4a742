"""An enrolment order registers the badge that was presented once."""

import pytest

from gateway.access.models import CommandRecord
from gateway.badges import enrolling, service
from gateway.errors import ConflictError
from tests.unit.gateway.town import NOON, Town


def asked(town: Town, called: str, key_id: str, now: int) -> None:
    """The bank has reported the badge."""
    with town.writing() as session:
        session.add(
            CommandRecord(
                id=called, bank_id=town.bank, kind="enrol", args={}, requested_by="lea", reason="enrolment",
                requested_at=now, state="enrolled", digest="e" * 32, key_id=key_id,
            )
        )  # fmt: skip


def test_an_order_of_before_does_not_bring_a_lost_badge_back_to_life(town: Town) -> None:
    """Not even asked by someone else; found again, it is presented again."""
    key_id = town.badge().key_id
    asked(town, "first", key_id, NOON)
    with town.writing() as session:
        badge = enrolling.take(session, "first", label="M-100", actor="lea", now=NOON + 1_000)
    with town.writing() as session:
        service.revoke(session, badge.id, reason="lost", actor="lea", now=NOON + 2_000)
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        enrolling.take(session, "first", label="M-101", actor="sami", now=NOON + 3_000)
    assert refused.value.code == "badge_revoked"
    asked(town, "second", key_id, NOON + 4_000)
    with town.writing() as session:
        assert enrolling.take(session, "second", label="M-101", actor="lea", now=NOON + 5_000).revoked_at is None
