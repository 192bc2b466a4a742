"""The access list in force: which are accepted, what outlives the one before, which badge keys are needed."""

import msgspec

from controller.access import NOTHING_CARRIED, AccessIndex, CarriedOver, is_ahead, is_early, is_live, may_be_ahead
from controller.bank_config import BankState
from controller.carried_over import KEPT_KINDS, carry_over, decode_carried_over
from controller.effects import Record, StoreKept, StoreList
from controller.faultboard import FaultBoard
from controller.inputs import ListReceived, ListStored
from controller.suppression import Suppression
from controller.turn import Agenda, Turn
from wire.access_list import AccessList, list_hash
from wire.badge import badge_digest
from wire.entries import EntryType

STORE_AGAIN_MS = 30_000
# So long a clock that may be the gateway's alone is given another to deny it, after a start most of all: NTP has spoken
# by then where there is any.
SETTLED_MS = 3_600_000


class AccessLists:
    """The list in force, its badge keys, and what is still to be done for it: storing, the lease, the holders kept.

    `watch_ms`: the wall clock may be set meanwhile, so an instant far away is looked at again this often.
    """

    def __init__(
        self,
        controller: str,
        watch_ms: int,
        state: BankState,
        agenda: Agenda,
        faults: FaultBoard,
        suppression: Suppression,
    ) -> None:
        self._controller = controller
        self._watch_ms = watch_ms
        self._agenda = agenda
        self._faults = faults
        self._suppression = suppression
        self.index: AccessIndex | None = None
        self.hash = state.list_hash
        self._floor = state.version_floor
        self._keys = dict(state.badge_keys)
        self._live_keys: tuple[tuple[str, bytes], ...] = ()
        self._missing_keys: set[str] = set()
        self._unstored: StoreList | None = None
        self._settled_since_ms: int | None = None  # the clocks tell that the list's day has come
        self._told_lease = False
        self._told_not_durable = False
        self._carried = self._decode_carried(state.kept)
        if state.access_list is not None:
            self._floor = max(self._floor, state.access_list.version)
            self._put_in_force(state.access_list, self._carried)

    def start(self, turn: Turn) -> None:
        """Look at the lease and at the holders kept."""
        if self.index is not None:
            self._watch(self.index, turn)

    @property
    def version(self) -> int:
        """The version in force, 0 before the first."""
        return 0 if self.index is None else self.index.access_list.version

    @property
    def unstored_envelope(self) -> bytes | None:
        """The envelope of the list in force for as long as the disk does not have it."""
        return None if self._unstored is None else self._unstored.envelope

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The badge keys held."""
        return tuple(self._keys)

    @property
    def newest_key(self) -> tuple[str, bytes] | None:
        """The badge key under which new digests are made: the first of the list's that is held."""
        return self._live_keys[0] if self._live_keys else None

    def key(self, name: str) -> bytes | None:
        """The badge key of this id, if it is held."""
        return self._keys.get(name)

    def recognise(self, canonical: str) -> tuple[str, str] | None:
        """(digest, key id) under the newest key that makes this badge known to the list, or None."""
        if self.index is None:
            return None
        for name, key in self._live_keys:
            digest = badge_digest(key, canonical)
            if self.index.knows(digest):
                return digest, name
        return None

    def receive(self, event: ListReceived, turn: Turn) -> None:
        """Put a newer list of this controller in force at once, and have it stored; refuse any other.

        The newest ever accepted is taken again where it is no longer in force: it was lost from a damaged disk.
        """
        new, name = event.access_list, list_hash(event.payload)
        if new.controller != self._controller:
            self.refuse("controller", turn, new.version)
        elif self.index is not None and new.version == self.version and name == self.hash:
            return  # the retained list, delivered again with each connection
        elif new.version < self._floor or new.version <= self.version:
            self.refuse("version", turn, new.version)
        else:
            self._accept(event, name, turn)

    def refuse(self, code: str, turn: Turn, version: int | None = None) -> None:
        """Say that a list was not accepted."""
        self._suppression.record(turn, EntryType.ACCESS_REFUSED, "access", code=code, version=version)

    def stored(self, event: ListStored, turn: Turn) -> None:
        """The list is on disk; or it is not, stays in force all the same, and is tried again."""
        unstored = self._unstored
        if unstored is None or event.version != unstored.version:
            return
        if event.durable:
            self._unstored = None
            self._faults.put("access_list", "not_durable", present=False)
            return
        self._faults.put("access_list", "not_durable")
        if not self._told_not_durable:
            self._told_not_durable = True
            turn.record(EntryType.ACCESS_APPLIED, **{**unstored.entry.body, "durable": False})
        self._agenda.at(turn.now.mono_ms + STORE_AGAIN_MS, lambda later: self._store_again(unstored, later))

    def receive_keys(self, keys: dict[str, bytes]) -> None:
        """Replace all badge keys."""
        self._keys = dict(keys)
        self._choose_keys()

    def _accept(self, event: ListReceived, name: str, turn: Turn) -> None:
        new = event.access_list
        settled = self._is_settled(turn.now.mono_ms)
        carried, vanished = carry_over(self.index, self._carried, new, turn.now, settled=settled)
        self._floor = new.version
        self.hash = name
        index = self._put_in_force(new, carried)
        self._faults.put("access_list", "kept_unreadable", present=False)
        entry = Record(
            EntryType.ACCESS_APPLIED,
            {
                "version": new.version,
                "hash": name,
                "grants": len(new.grants),
                "revoked": len(new.revoked),
                "durable": True,
            },
        )
        self._unstored = StoreList(new.version, event.envelope, msgspec.json.encode(carried), entry)
        turn.effects.append(self._unstored)
        for grant in vanished:
            turn.record(
                EntryType.HOLDER_VANISHED,
                grant=grant.id,
                digest=grant.digest,
                lockers=list(grant.lockers),
                until=grant.not_after,
            )
        self._told_lease = self._told_not_durable = False
        self._watch(index, turn)

    def _put_in_force(self, access_list: AccessList, carried: CarriedOver) -> AccessIndex:
        self._carried = carried
        self.index = index = AccessIndex(access_list, carried)
        self._faults.put("access_list", "grants_disabled", index.disabled > 0)
        self._faults.put("access_list", "badges_revived", index.revived > 0)
        self._choose_keys()
        return index

    def _choose_keys(self) -> None:
        wanted = () if self.index is None else self.index.key_ids
        self._live_keys = tuple((name, self._keys[name]) for name in wanted if name in self._keys)
        missing = {name for name in wanted if name not in self._keys}
        for name in missing | self._missing_keys:
            self._faults.put(f"badge_key {name}", "badge_key_missing", name in missing)
        self._missing_keys = missing

    def _decode_carried(self, data: bytes) -> CarriedOver:
        try:
            return decode_carried_over(data)
        except (msgspec.DecodeError, ValueError):
            self._faults.put("access_list", "kept_unreadable")
            return NOTHING_CARRIED

    def _store_again(self, unstored: StoreList, turn: Turn) -> None:
        if self._unstored is unstored:
            turn.effects.append(unstored)

    def _watch(self, index: AccessIndex, turn: Turn) -> None:
        """Tell once when the staff's lease has run out; note whether the list is of a day that has not come, and
        whether anyone forgotten is still kept."""
        if index is not self.index:
            return
        index, now = self._settled(index, turn), turn.now
        ahead = now.is_told and is_ahead(index.access_list, now)
        self._faults.put("access_list", "list_ahead", ahead)
        lease_over = index.leased > 0 and now.ending_at >= index.access_list.lease_until
        self._faults.put("lease", "lease_expired", lease_over)
        if lease_over and not self._told_lease:
            turn.record(EntryType.LEASE_EXPIRED, grants=index.leased)
            self._told_lease = True
        carried = (*index.carried.holders, *(index.carried.early if ahead else ()))
        kept = [grant for grant in carried if grant.kind in KEPT_KINDS and is_live(grant, now)]
        self._faults.put("access_list", "holder_vanished", bool(kept))
        instants = [grant.not_after for grant in kept]
        if index.leased:  # a lease that is over lives again where a technician sets the time back
            instants.append(now.ending_at + self._watch_ms if lease_over else index.access_list.lease_until)
        if index.carried.early or may_be_ahead(index.access_list, now):
            instants.append(now.ending_at + self._watch_ms)
        if instants:
            wait_ms = min(min(instants) - now.ending_at, self._watch_ms)
            self._agenda.at(now.mono_ms + wait_ms, lambda later: self._watch(index, later))

    def _is_settled(self, mono_ms: int) -> bool:
        since_ms = self._settled_since_ms
        return since_ms is not None and mono_ms - since_ms >= SETTLED_MS

    def _settled(self, index: AccessIndex, turn: Turn) -> AccessIndex:
        """Let go whom the list ended before its day, once the clocks have told for long that it has come."""
        now = turn.now
        if not now.is_told or is_early(index.access_list, now):
            self._settled_since_ms = None
        elif self._settled_since_ms is None:
            self._settled_since_ms = now.mono_ms
        elif index.carried.early and self._is_settled(now.mono_ms) and self._unstored is None:
            carried = msgspec.structs.replace(index.carried, early=())
            turn.effects.append(StoreKept(msgspec.json.encode(carried)))
            return self._put_in_force(index.access_list, carried)
        return index
