"""A bank that hears nobody for thirty days: its people come in every day, and afterwards nothing is missing."""

from simulator.world.lives.badge_desk import BadgeDesk
from tests.simulation.faulty_town import faulty_town

DAYS = 30
_STORED = "SELECT epoch, seq FROM event WHERE bank_id='bank-1' AND epoch IS NOT NULL AND rowid > ? ORDER BY rowid"
_NEWEST = "SELECT max(rowid) FROM event"


def test_thirty_days_offline_shut_nobody_out_and_all_entries_come_in_order_and_a_revocation_at_once() -> None:
    with faulty_town(12) as town:
        bank, database = town.world.controllers[0], town.world.gateway.storage.connection
        (stored,) = database.execute(_NEWEST).fetchone()
        town.begin("month_offline", hours=DAYS * 24)
        town.hours(1)
        cards = [card for someone in town.town.records.people.values() for card in someone.cards if card.owner]
        desk = BadgeDesk(town.town.office, town.town.luck("blocking"), None)  # type: ignore[arg-type]
        assert desk.revoke(town.town.workers[0], cards[0], "lost") == "done"
        for _ in range(DAYS):
            before = town.town.counts["let_in"]
            town.hours(23.9)
            assert town.town.counts["let_in"] > before
        assert bank.runtime is not None
        followed, waiting = bank.runtime.bank.list_version, bank.runtime.queue
        assert waiting > DAYS
        assert database.execute(_STORED, (stored,)).fetchall() == []
        town.hours(4)
        rows = database.execute(_STORED, (stored,)).fetchall()
        assert len(rows) >= waiting
        assert len({epoch for epoch, _ in rows}) == 1
        assert [seq for _, seq in rows] == list(range(rows[0][1], rows[0][1] + len(rows)))
        assert bank.runtime.bank.list_version > followed
        accepted = town.watch.ledger.banks["bank-1"].accepted
        assert accepted is not None
        assert {line.why for line in accepted.revoked} >= {"revoked"}
        assert town.found() == set(), town.world.violations
