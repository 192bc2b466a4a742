"""What the data directory knows before a commissioning: the journal, the time, and whose belongings are where."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from controller.access import is_live
from controller.bank_config import BankState
from controller.carried_over import decode_carried_over
from controller.clock import Clock
from controller.config import BankFile
from controller.errors import ControllerError
from controller.inputs import Moment
from controller.journal import Opened, open_journal
from controller.machine import this_machine
from controller.remembered import bank_state, sound_state
from controller.state_copy import COPY_NAME, read_copy
from hw.settings import PULSE_MAX_MS
from wire.access_list import LEASED_KINDS, AccessList, Grant


@dataclass(frozen=True, slots=True)
class Disk:
    """An open journal, the bank's clock and state, and the people's grants that may hold a locker."""

    opened: Opened
    clock: Clock
    state: BankState
    grants: tuple[Grant, ...]

    def held(self) -> frozenset[int]:
        """The lockers that are held now."""
        return held_lockers(self.grants, self.clock.now())


def read_disk(bank: BankFile) -> Disk:
    """What is on disk. Raises ControllerError `journal` and `held_unknown`, and then nothing may be pulsed.

    The pulses counted against the coils are taken to have been the longest that there are.
    """
    opened = open_journal(bank.data_dir)
    if opened.store is None:
        raise ControllerError(
            "journal", f"the journal in {bank.data_dir} cannot be written, and no lock is pulsed without it"
        )
    try:
        state = sound_state(opened.state, lambda: read_copy(bank.data_dir / COPY_NAME))
        machine = this_machine(bank.time.system_clock)
        clock = Clock(state.get("time"), machine)
        past = bank_state(state, opened.recent, {}, machine.boot_id, machine.mono_ms(), lambda _: PULSE_MAX_MS)
        lost = "list" in opened.state or opened.cause != "start" or any(bank.data_dir.glob("journal.db.set-aside-*"))
        return Disk(opened, clock, past, _grants(past, lost=lost))
    except BaseException:
        opened.store.close()
        raise


def held_lockers(grants: Iterable[Grant], now: Moment) -> frozenset[int]:
    """The lockers with somebody's live grant, disabled and revoked ones too: a lost badge takes no belongings out."""
    return frozenset(locker for grant in grants if is_live(grant, now) for locker in grant.lockers)


def _grants(state: BankState, *, lost: bool) -> tuple[Grant, ...]:
    """The people's grants. Raises ControllerError `held_unknown` where there were some and they cannot be read."""
    if state.access_list is None and (lost or state.version_floor):
        raise ControllerError(
            "held_unknown",
            "the access list on this disk is damaged, so nobody can tell which lockers are held: "
            "let the controller run until the gateway has sent it again",
        )
    return (*_of_people(state.access_list), *_kept(state.kept))


def _of_people(access_list: AccessList | None) -> list[Grant]:
    return [] if access_list is None else [each for each in access_list.grants if each.kind not in LEASED_KINDS]


def _kept(data: bytes) -> tuple[Grant, ...]:
    try:
        carried = decode_carried_over(data)
    except (msgspec.DecodeError, ValueError) as error:
        raise ControllerError(
            "held_unknown",
            "the grants kept on this disk are damaged, so nobody can tell which lockers are held: "
            "let the controller run until the gateway has sent its list",
        ) from error
    return (*carried.holders, *carried.early)
