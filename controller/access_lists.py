"""The access list in force: which are accepted, what outlives the one before, which badge keys are needed."""

import msgspec

from controller.access import NOTHING_CARRIED, AccessIndex, CarriedOver, is_live
from controller.bank_config import BankState
from controller.carried_over import KEPT_KINDS, carry_over, decode_carried_over, is_ahead
from controller.effects import Record, StoreList
from controller.faultboard import FaultBoard
from controller.inputs import ListReceived, ListStored
from controller.suppression import Suppression
from controller.turn import Agenda, Turn
from wire.access_list import AccessList, list_hash
from wire.badge import badge_digest
from wire.entries import EntryType

STORE_AGAIN_MS = 30_000


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
            if self.index.grants_of(digest) or self.index.revocation_of(digest) is not None:
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
        carried, vanished = carry_over(self.index, self._carried, new, turn.now)
        self._floor = new.version
        self.hash = name
        self._put_in_force(new, carried)
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
        if self.index is not None:
            self._watch(self.index, turn)

    def _put_in_force(self, access_list: AccessList, carried: CarriedOver) -> None:
        self._carried = carried
        self.index = AccessIndex(access_list, carried)
        self._faults.put("access_list", "grants_disabled", self.index.disabled > 0)
        self._faults.put("access_list", "badges_revived", self.index.revived > 0)
        self._choose_keys()

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
        now = turn.now
        self._faults.put("access_list", "list_ahead", is_ahead(index.access_list, now))
        lease_over = index.leased > 0 and now.ending_at >= index.access_list.lease_until
        self._faults.put("lease", "lease_expired", lease_over)
        if lease_over and not self._told_lease:
            turn.record(EntryType.LEASE_EXPIRED, grants=index.leased)
            self._told_lease = True
        kept = [grant for grant in index.carried.holders if grant.kind in KEPT_KINDS and is_live(grant, now)]
        self._faults.put("access_list", "holder_vanished", bool(kept))
        instants = [grant.not_after for grant in kept]
        if index.leased:  # a lease that is over lives again where a technician sets the time back
            instants.append(now.ending_at + self._watch_ms if lease_over else index.access_list.lease_until)
        if instants:
            wait_ms = min(min(instants) - now.ending_at, self._watch_ms)
            self._agenda.at(now.mono_ms + wait_ms, lambda later: self._watch(index, later))
