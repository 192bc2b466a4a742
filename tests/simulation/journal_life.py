"""A scripted life of a controller's journal, access list and keys on a simulated disk: the same for the same seed."""

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from controller.bootstrap import Identity, load_identity
from controller.inputs import Moment
from controller.journal import NAME, Journal, open_journal
from controller.pending import Result
from controller.state_copy import COPY_NAME, read_copy
from controller.store import EpochState, Store
from controller.timekeeping import TimeState
from controller.trust import write_root
from simulator.world.disk import Disk
from simulator.world.disk_work import DiskWork
from simulator.world.loop import Life, VirtualLoop
from simulator.world.survival import everything
from tests.wire_samples import ACCESS, CONTROLLER
from wire.access_list import Revoked
from wire.entries import EntryType
from wire.envelope import sign
from wire.keys import seal, to_token
from wire.messages import Keys, SealedKey, Trust, TrustedKey, encode
from wire.topics import Topic

AT = 1_790_000_000_000
DAY_MS = 86_400_000
DATA = Path("/data")
DATABASE = str(DATA / NAME)
_PAGE = 4096
_AGES = 36 * DAY_MS  # after which what was receipted may go


class Known(NamedTuple):
    """What the database holds: for each epoch its receipts, what was pruned, its end and the hash there; and state."""

    epochs: dict[str, tuple[int, int, int, bytes]]
    state: dict[str, bytes]


class Stage(NamedTuple):
    """After so many operations this is on the disk, or (not sure: the commit failed) may be."""

    points: int
    known: Known
    sure: bool = True


def known(store: Store) -> Known:
    """As it stands now."""
    epochs = {each.epoch: (each.through, each.pruned, each.last, each.last_hash) for each in store.epochs()}
    return Known(epochs, store.state())


class JournalLife:
    """`points` operations of the disk so far, `answered` what the journal has called durable.

    `at_point(number)` is called before each operation; `commits` tells what each commit brought to the disk.
    """

    def __init__(self, seed: int, at_point: Callable[[int], None] = lambda _: None) -> None:
        self.chance = Random(f"life {seed}")
        self.disk = Disk()
        self.points = 0
        self.commits = [Stage(0, Known({}, {}))]
        self.answered: dict[str, tuple[int, bytes]] = {}
        self.lists: dict[bytes, int] = {}
        self._at_point = at_point
        self._world = VirtualLoop(AT)
        self._at = AT
        self._number = 0
        self._fails: Callable[[], sqlite3.Error] | None = None
        self._root = self._key()
        self.identity: Identity | None = None
        self.told_root = False
        self._process: Life | None = None
        self._journal: Journal
        self.disk.watch = self._operation

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.chance.randbytes(32))

    @property
    def root(self) -> bytes:
        """The root key, raw."""
        return self._root.public_key().public_bytes_raw()

    def _operation(self, _kind: str, _name: str) -> None:
        self._at_point(self.points)
        self.points += 1

    @contextmanager
    def watching_commits(self) -> Iterator[None]:
        """Meanwhile every commit of this disk is noted, and one may be made to fail."""
        commit = Store.commit

        def noted(store: Store) -> None:
            if store._storage is not self.disk:
                commit(store)
                return
            if self._fails is not None:
                error, self._fails = self._fails(), None
                raise error
            attempted = known(store)
            try:
                commit(store)
            except sqlite3.Error:
                self.commits.append(Stage(self.points, attempted, sure=False))
                raise
            self.commits.append(Stage(self.points, attempted))

        Store.commit = noted  # type: ignore[method-assign]
        try:
            yield
        finally:
            Store.commit = commit  # type: ignore[method-assign]

    def live(self, more: int = 20) -> None:
        """A start, everything that may happen and so much more of it, and an end in order."""
        acts = (
            self.opening, self.crowd, self.list_comes, self.trust_changes, self.keys_change, self.time_is_kept,
            self.receipt, self.rest, self.month_passes, self.restart, self.killed, self.blackout, self.service,
            self.full, self.sync_fails, self.goes_bad, self.goes_bad_at_rest,
        )  # fmt: skip
        try:
            with self.watching_commits():
                self._installed()
                self.start()
                self.list_comes()
                self.trust_changes()
                for act in self.chance.sample(acts, len(acts)) + self.chance.choices(acts, k=more):
                    act()
                self.stop()
        finally:
            self.close()

    def close(self) -> None:
        """Its world is over."""
        self._world.close()

    def _installed(self) -> None:
        self.identity = load_identity(DATA, self.disk)
        write_root(DATA, to_token(self.root), self.disk)
        self.told_root = True

    def start(self) -> None:
        """A process begins."""
        opened = open_journal(DATA, self.disk)
        assert opened.store is not None
        born_ms = self._world.now_ms
        process = self._process = self._world.life(born_ms)
        self._journal = Journal(
            DATA, opened, f"boot-{self._number}", process, storage=self.disk,
            mono_ms=lambda: self._world.now_ms - born_ms, workforce=lambda writer: DiskWork(writer, process, self.disk),
        )  # fmt: skip
        self._journal.changed = self._changed
        self._journal.start()
        self.append(EntryType.STARTED, cause=opened.cause)
        self._keep("session", b"%d" % (int(opened.state.get("session", b"0")) + 1))
        self.run(20)

    def stop(self) -> None:
        """It ends in order."""
        self.append(EntryType.STOPPING, cause="signal")
        assert self._journal.stop(), self._journal.failure
        self.run(5)
        self._end()

    def _end(self) -> None:
        assert self._process is not None
        self._process.end()

    def run(self, ms: int) -> None:
        """Let so much time pass."""
        self._world.run_until(self._world.now_ms + ms)

    def _now(self) -> Moment:
        return Moment(5_000, self._at, self._at, self._at, "trusted")

    def append(self, kind: EntryType, state: dict[str, bytes | None] | None = None, **body: int | str | None) -> None:
        """An entry, without waiting for it."""
        self._journal.append(kind, body, self._now(), state=state)

    def _keep(self, name: str, value: bytes) -> None:
        self._journal.keep({name: value}, self._now())

    def _changed(self, result: Result) -> None:
        if result.durable and result.head is not None:
            self.answered[result.head.epoch] = result.head.seq, result.head.hash

    def opening(self) -> None:
        """A door."""
        self._number += 1
        release, locker = f"r-{self._number}", self.chance.randint(1, 24)
        self._journal.append(
            EntryType.RELEASE_INTENDED, {"release": release, "locker": locker, "cause": "badge", "attempt": 1},
            self._now(), done=lambda _: None,
        )  # fmt: skip
        self.run(10)
        for kind in (EntryType.RELEASED, EntryType.DOOR_OPENED, EntryType.DOOR_CLOSED):
            self.append(kind, release=release, locker=locker)
            self.run(30)

    def crowd(self) -> None:
        """Many who are refused."""
        for _ in range(self.chance.randint(5, 40)):
            self.append(EntryType.BADGE_REFUSED, why="unknown", reader="a")
        self.run(40)

    def list_comes(self) -> None:
        """A new list that revokes one grant more."""
        self._number += 1
        version = self._number
        revoked = tuple(Revoked(f"g-{each}", f"{each:032x}", "revoked") for each in range(version))
        grants = ACCESS.grants * self.chance.choice((1, 1, 20))
        grants = tuple(msgspec.structs.replace(each, id=f"{each.id}-{n}") for n, each in enumerate(grants))
        payload = encode(msgspec.structs.replace(ACCESS, version=version, grants=grants, revoked=revoked))
        envelope = sign(self._root, Topic.ACCESS, payload)
        self.lists[envelope] = version
        state: dict[str, bytes | None] = {"list": envelope, "kept": b"[]", "list_version": b"%d" % version}
        self.append(EntryType.ACCESS_APPLIED, state, version=version)
        self.run(20)

    def trust_changes(self) -> None:
        """The gateway's key of before is revoked, another one takes its place."""
        self._number += 1
        key = TrustedKey(self._key().public_key().public_bytes_raw(), AT + 4_000 * DAY_MS)
        self._keep("trust", sign(self._root, Topic.TRUST, encode(Trust(CONTROLLER, self._number, (key,)))))
        self.run(20)

    def keys_change(self) -> None:
        """A new badge key."""
        self._number += 1
        name = f"k{self._number}"
        assert self.identity is not None
        recipient = self.identity.encryption.public_key().public_bytes_raw()
        sealed = seal(self.chance.randbytes(32), recipient, f"{CONTROLLER}/{name}")
        keys = Keys(CONTROLLER, self._number, (SealedKey(name, sealed),))
        self._keep("keys", sign(self._root, Topic.KEYS, encode(keys)))
        self.run(20)

    def time_is_kept(self) -> None:
        """The floor rises."""
        self._at += self.chance.randint(1, 3_600_000)
        self._keep("time", msgspec.json.encode(TimeState(self._at, 0)))
        self.run(20)

    def receipt(self) -> None:
        """The gateway has stored some epoch, up to somewhere."""
        epochs = self._epochs()
        if not epochs:  # the disk cannot be read now
            return
        epoch = self.chance.choice(epochs)
        self._journal.note_receipt(epoch.epoch, self.chance.randint(epoch.through, epoch.last), self._at)
        self.run(self.chance.choice((1, 700)))

    def _epochs(self) -> list[EpochState]:
        assert self._process is not None
        reading = self._process.create_task(self._journal.epochs())
        self.run(5)
        return reading.result() or []

    def rest(self) -> None:
        """Nobody comes: room is reserved, the log goes into the database, the state is copied."""
        self.run(3_000)
        self._journal.tick(self._journal._mono_ms())
        self.run(10)

    def month_passes(self) -> None:
        """What was receipted long ago goes."""
        for oldest in self._epochs()[:1]:
            self._journal.note_receipt(oldest.epoch, oldest.last, self._at)
            self.run(700)
            self._at += _AGES
            self._journal.note_receipt(oldest.epoch, oldest.last, self._at)
        self.run(DAY_MS // 2)

    def restart(self) -> None:
        """An end in order, and a start."""
        self.stop()
        self.start()

    def killed(self) -> None:
        """SIGKILL in the middle of something."""
        self.append(EntryType.BADGE_REFUSED, why="unknown", reader="a")
        self.run(self.chance.randint(0, 40))
        self.die()
        self.start()

    def die(self) -> None:
        """SIGKILL now."""
        self._end()
        self.disk.drop()

    def blackout(self) -> None:
        """The power goes, and comes back."""
        self.append(EntryType.BADGE_REFUSED, why="unknown", reader="a")
        self.run(self.chance.randint(0, 40))
        self._end()
        self.disk.cut(self.chance)
        self.start()

    def service(self) -> None:
        """A locker out of service, or back."""
        if self.chance.random() < 0.5:
            self.append(EntryType.OUT_OF_SERVICE, locker=3, reason="broken", until=None)
        else:
            self.append(EntryType.IN_SERVICE, locker=3)
        self.run(20)

    def full(self) -> None:
        """No room for a while; what comes meanwhile is written late."""
        capacity, self.disk.capacity = self.disk.capacity, self.disk._used + self.chance.randint(0, 20_000)
        for _ in range(4):
            self.crowd()
            self.opening()
        self.disk.capacity = capacity
        self.run(2_500)

    def sync_fails(self) -> None:
        """One sync is an I/O error, and what it should have written is not on the disk."""
        failures = [errno.EIO]
        self.disk.refuses = lambda operation, _: failures.pop() if failures and operation == "sync" else None
        self.opening()
        self.disk.refuses = None
        self.run(2_500)
        self.opening()

    def goes_bad(self) -> None:
        """SQLite finds the database malformed while the journal is in use."""
        self._forget_receipted()

        def malformed() -> sqlite3.Error:
            error = sqlite3.DatabaseError("database disk image is malformed")
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            return error

        self._fails = malformed
        self.opening()
        self.run(2_500)
        assert self._fails is None

    def goes_bad_at_rest(self) -> None:
        """A page of the database reads as noise at the next start."""
        self.rest()
        self.stop()
        size = len(self.disk.files[DATABASE].now)
        pages = [0, *self.chance.sample(range(size // _PAGE), min(12, size // _PAGE))]
        noticed = [page for page in pages if self._noticed(page)]
        self.disk.spoil(DATABASE, self.chance.choice(noticed) * _PAGE, b"\xa5" * _PAGE)
        self.answered.clear()  # what the page held is gone; what is left is compared with an undisturbed start
        self.start()

    def _noticed(self, page: int) -> bool:
        trial = self.disk.left_by(everything())
        trial.watch = lambda _operation, _name: None
        trial.spoil(DATABASE, page * _PAGE, b"\xa5" * _PAGE)
        opened = open_journal(DATA, trial)
        assert opened.store is not None
        opened.store.close()
        return opened.cause == "journal_set_aside"

    def _forget_receipted(self) -> None:
        """Entries that have a receipt are not brought over from a database that was set aside."""
        for epoch, (through, *_) in self.commits[-1].known.epochs.items():
            if epoch in self.answered and self.answered[epoch][0] <= through:
                del self.answered[epoch]


def copied(disk: Disk) -> dict[str, bytes]:
    """The copy of the state on that disk."""
    return read_copy(DATA / COPY_NAME, disk)
