"""Power cuts enumerated: at every operation that reaches the disk, with all that may survive of what was unsynced."""

from collections.abc import Iterator
from random import Random

import pytest

from controller.bootstrap import load_identity
from controller.journal import open_journal
from controller.remembered import bank_state, sound_state
from controller.store import Store
from controller.trust import TrustStore, read_root
from simulator.world.chance import Chance
from simulator.world.disk import ROOMY, Disk
from simulator.world.survival import Chosen, Prefix, Survival, everything, nothing, sectors
from tests.conftest import SOAK_COUNT
from tests.simulation.journal_life import DATA, JournalLife, Known, copied, known
from tests.wire_samples import CONTROLLER
from wire.chain import link_all

SUBSETS = 3
KEY_BYTES = 32
# By the requirement; a soak run of another length scales it.
SOAK_CUTS = max(15_000, SOAK_COUNT * 3 // 2)
# A life has at least so many.
LIFE_POINTS = 1_250


class Cuts:
    """Two lives of one seed: the first tells what is on disk after which operation, the second is cut."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.first = JournalLife(seed)
        with Chance(seed).seeded_os():
            self.first.live()
        self.points = self.first.points
        self.cuts = 0
        self.found: list[str] = []

    def cut(self, chosen: frozenset[int], variants: int | None = None) -> None:
        """Cut at these points, each with all that may survive, or some of it."""
        chance = Random(f"cuts {self.seed}")

        def at_point(point: int) -> None:
            if point not in chosen:
                return
            survivals = list(may_survive(life.disk, chance))
            if variants is not None:
                survivals = chance.sample(survivals, min(variants, len(survivals)))
            for survival in survivals:
                self.cuts += 1
                try:
                    self._check(life, point, life.disk.left_by(survival))
                except Exception as error:  # noqa: BLE001 - inside SQLite, which would make something else of it
                    self.found.append(f"seed {self.seed}, point {point}, {survival}: {error!r}")

        life = JournalLife(self.seed, at_point)
        with Chance(self.seed).seeded_os():
            life.live()
        assert life.points == self.points, "the second life was not the first"

    def _allowed(self, point: int) -> list[Known]:
        """What may be found: what the last commit left, and what the one under way will leave."""
        commits = self.first.commits
        first = max(place for place, stage in enumerate(commits) if stage.sure and stage.points <= point)
        last = next((place for place, stage in enumerate(commits) if stage.sure and place > first), first)
        return [stage.known for stage in commits[first : last + 1]]

    def _let_go(self, epoch: str, seq: int) -> bool:
        """Whether an epoch may be gone: all of it was receipted."""
        return any(stage.known.epochs.get(epoch, (0,))[0] >= seq for stage in self.first.commits)

    def _check(self, life: JournalLife, point: int, left: Disk) -> None:
        left.capacity = ROOMY  # whatever filled it is gone
        opened = open_journal(DATA, left)
        assert opened.store is not None, "it cannot be written"
        try:
            chains_hold(opened.store)
            found = known(opened.store)
        finally:
            opened.store.close()
        if found not in self._allowed(point):  # no assert: pytest would write a book
            raise AssertionError("neither what was before the commit nor what is after it")
        for epoch, (seq, digest) in life.answered.items():
            if epoch not in found.epochs and self._let_go(epoch, seq):
                continue
            through, pruned, last, end = found.epochs[epoch]
            assert last >= seq, "an entry answered as durable is lost"
            assert last > seq or end == digest, "an entry answered as durable is another one"
            assert pruned <= through
        usable(life, opened.state, left)


def may_survive(disk: Disk, chance: Random) -> Iterator[Survival]:
    """Nothing and all of what is unsynced, each torn variant of the last write, and sectors by chance."""
    yield nothing()
    unsynced = disk.unsynced
    if not unsynced:
        return
    yield everything()
    number, _, offset, data = unsynced[-1]
    if data is not None:
        for count in range(sectors(offset, data)):
            yield Prefix(number, count)
            yield Prefix(number, count, noise=True)
    for _ in range(SUBSETS):
        yield Chosen.by(chance, unsynced[0][0], number)


def chains_hold(store: Store) -> None:
    """Every entry on disk, from the first."""
    for epoch in store.epochs():
        rows = store.connection.execute("SELECT seq, line FROM entry WHERE no=? ORDER BY seq", (epoch.no,)).fetchall()
        start = store.hash_at(epoch.no, epoch.pruned)
        assert start is not None
        assert [seq for seq, _ in rows] == list(range(epoch.pruned + 1, epoch.last + 1))
        assert link_all(start, (line for _, line in rows)) == epoch.last_hash


def usable(life: JournalLife, state: dict[str, bytes], left: Disk) -> None:
    """What the bank starts from: its keys, a whole list in force under its floor, and whose word counts."""
    root = read_root(DATA, left)
    assert root == life.root or (root is None and not life.told_root)
    if life.identity is None:
        keys = [left.read(DATA / name) for name in left.names(DATA) if name.endswith(".key")]
        assert all(len(raw) == KEY_BYTES for raw in keys), "half a key"
        return
    identity = load_identity(DATA, left)
    assert identity.device.private_bytes_raw() == life.identity.device.private_bytes_raw()
    assert identity.encryption.private_bytes_raw() == life.identity.encryption.private_bytes_raw()
    sound = sound_state(state, lambda: copied(left))
    assert sound == state, "state is spoilt"
    past = bank_state(sound, [], {}, "boot", 0, lambda _: 500)
    if "list" in sound:
        assert past.access_list is not None
        assert past.access_list.version == past.version_floor == life.lists[sound["list"]]
    trust = TrustStore(CONTROLLER, root, identity.encryption, trust=sound.get("trust"), keys=sound.get("keys"))
    assert ("trust" in sound) == (trust.trust_version > 0)
    assert ("keys" in sound) == bool(trust.badge_keys)


@pytest.fixture(autouse=True)
def little_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two megabytes of padding are a thousand operations that all are alike."""
    for module in ("store", "journal_writer"):
        monkeypatch.setattr(f"controller.{module}.RESERVE_BYTES", 64 * 1024)


def test_a_power_cut_at_any_operation_of_a_life_leaves_all_that_was_answered_and_the_list_before_or_after() -> None:
    cuts = Cuts(0)
    cuts.cut(frozenset(range(cuts.points)), variants=1)
    assert not cuts.found, cuts.found[:5]
    assert cuts.cuts == cuts.points


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_power_cut_leaves_all_that_was_answered_and_the_list_before_or_after(seed: int) -> None:
    cuts = Cuts(seed)
    cuts.cut(frozenset(Random(seed).sample(range(cuts.points), 60)), variants=2)
    assert not cuts.found, cuts.found[:5]
    assert cuts.cuts >= 60


def test_the_scripted_life_has_everything_that_reaches_the_disk() -> None:
    operations = set()
    life = JournalLife(0)
    life.disk.watch = lambda operation, name: operations.add((operation, name.removeprefix("/data/").split("-")[0]))
    with Chance(0).seeded_os():
        life.live()
    for operation in ("create", "write", "sync"):
        assert {(operation, "journal.db"), (operation, "state.copy.new"), (operation, "root.pub.new")} <= operations
    assert {("rename", "journal.db"), ("rename", "state.copy.new"), ("delete", "journal.db")} <= operations
    stages = [stage.known for stage in life.commits]
    assert any(pruned for stage in stages for _, pruned, _, _ in stage.epochs.values())
    assert any(through for stage in stages for through, *_ in stage.epochs.values())
    assert any("set_aside" in stage.state for stage in stages)
    assert max(len(stage.epochs) for stage in stages) > 3
    versions = [int(stage.state.get("list_version", b"0")) for stage in stages[1:] if stage.state]
    assert versions == sorted(versions), "revocations went back"


@pytest.mark.parametrize("sabotage", ["synchronous off", "no sync of the log", "salvage not taken up again"])
def test_the_cuts_find_a_journal_that_does_not_keep_its_word(sabotage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if sabotage == "synchronous off":
        prepare = Store._prepare

        def careless(store: Store, read_only: bool) -> None:
            prepare(store, read_only)
            store.connection.execute("PRAGMA synchronous=OFF")

        monkeypatch.setattr(Store, "_prepare", careless)
    elif sabotage == "no sync of the log":
        sync = Disk.sync
        monkeypatch.setattr(
            Disk, "sync", lambda disk, name, file: None if name.endswith("-wal") else sync(disk, name, file)
        )
    else:
        is_empty = Store.is_empty
        monkeypatch.setattr(Store, "is_empty", lambda store: store._storage.watch is not None and is_empty(store))
    cuts = Cuts(1)
    cuts.cut(frozenset(Random(1).sample(range(cuts.points), 400)), variants=1)
    assert cuts.found


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(SOAK_CUTS // LIFE_POINTS))
def test_fifteen_thousand_power_cuts_at_distinct_points(seed: int) -> None:
    cuts = Cuts(seed)
    cuts.cut(frozenset(range(cuts.points)))
    assert not cuts.found, cuts.found[:5]
    assert LIFE_POINTS <= cuts.points <= cuts.cuts
