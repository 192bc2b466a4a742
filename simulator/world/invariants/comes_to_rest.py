"""After everything is healed the gateway's rows equal the controllers' journals, and nothing waits or is forgotten."""

from pathlib import Path

from controller.journal import NAME
from controller.store import Store
from simulator.world.controller import SimulatedController
from simulator.world.invariants.invariant import Invariant

_PATH = Path("/data") / NAME
_ROWS = "SELECT seq, line FROM event WHERE bank_id=? AND epoch=? ORDER BY seq"
_EPOCHS = "SELECT DISTINCT epoch FROM event WHERE bank_id=? AND epoch IS NOT NULL"
_LISTS = "SELECT max(version) FROM issued_list WHERE bank_id=?"
_LOST = "SELECT count(*) FROM event WHERE bank_id=? AND kind='entries_lost'"


class ComesToRest(Invariant):
    """Asked once, at the end."""

    name = "settled"

    def settled(self) -> None:
        """Bank by bank. What was journaled and stored, to the last byte, goes into the trace."""
        self.world.note(self.world.gateway.name, "rows", hash=self.world.gateway.storage.rows_hash())
        for controller in self.world.controllers:
            if controller.runtime is None:
                self.violated(f"{controller.name} does not run, although everything was healed")
                continue
            self._equal(controller)
            self._at_rest(controller)

    def _equal(self, controller: SimulatedController) -> None:
        bank, connection = controller.name, self.world.gateway.storage.connection
        lost = connection.execute(_LOST, (bank,)).fetchone()[0]
        store = Store(_PATH, controller.disk)
        try:
            epochs = store.epochs()
            lines = {(no, seq): line for no, seq, line in store.rows_after(0, 0, 1 << 40)}
        finally:
            store.close()
        self.world.counts["entries"] += sum(epoch.last for epoch in epochs)
        for epoch in epochs:
            self.world.note(bank, "chain", epoch=epoch.epoch, last=epoch.last, hash=epoch.last_hash.hex())
            rows = dict(connection.execute(_ROWS, (bank, epoch.epoch)).fetchall())
            kept = {seq: line for (no, seq), line in lines.items() if no == epoch.no}
            missing = [seq for seq in kept if seq not in rows]
            other = [seq for seq, line in kept.items() if rows.get(seq, line) != line]
            beyond = [seq for seq in rows if seq > epoch.last]
            pruned = 0 if lost else sum(1 for seq in range(1, epoch.pruned + 1) if seq not in rows)
            if missing or other or beyond or pruned:
                self.violated(
                    f"{bank} epoch {epoch.no} ({epoch.epoch[:8]}, through {epoch.last}): missing {missing[:5]}, "
                    f"other {other[:5]}, beyond {beyond[:5]}, {pruned} pruned ones missing"
                )
        known = {epoch.epoch for epoch in epochs} | self.world.cloned[bank]
        strangers = [name for (name,) in connection.execute(_EPOCHS, (bank,)) if name not in known]
        # Epochs that were wholly pruned are dropped from the disk, the oldest first.
        if strangers and not (epochs and epochs[0].no > 1):
            self.violated(f"{bank}: the gateway has epochs that the bank never had: {strangers}")

    def _at_rest(self, controller: SimulatedController) -> None:
        bank, runtime = controller.name, controller.runtime
        assert runtime is not None
        if runtime.queue:
            self.violated(f"{bank} still waits for receipts of {runtime.queue} entries")
        if controller.crashes:
            self.violated(f"{bank} has crashed by itself: {controller.failure!r}")
        (newest,) = self.world.gateway.storage.connection.execute(_LISTS, (bank,)).fetchone()
        if runtime.bank.list_version != newest:
            self.violated(f"{bank} follows list {runtime.bank.list_version}, and {newest} was issued")
        if runtime.uplink is None or runtime.uplink.session is None:
            self.violated(f"{bank} is not connected, although everything was healed")
