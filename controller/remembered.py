"""What a bank remembers across a restart, from the state and the newest entries on disk."""

import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec

from controller.bank_config import BankState, OutOfService, PastRelease, UnresolvedRelease
from controller.carried_over import decode_carried_over
from controller.salvage import SESSION_MARGIN
from controller.timekeeping import TimeState
from wire.access_list import AccessList, decode_access_list, list_hash
from wire.entries import Entry, EntryType
from wire.envelope import Envelope
from wire.errors import MessageError

_LAST_MINUTE_MS = 60_000
# What a board accepted is not yet an outcome: whether the door opened is.
_OUTCOMES = frozenset(
    {
        EntryType.DOOR_OPENED,
        EntryType.NOT_OPENED,
        EntryType.ALREADY_OPEN,
        EntryType.RELEASE_FAILED,
        EntryType.RELEASE_UNKNOWN,
    }
)
_DOOR_MOVED = frozenset({EntryType.DOOR_OPENED, EntryType.DOOR_CLOSED, EntryType.DOOR_FORCED})
_READ = _OUTCOMES | _DOOR_MOVED | {EntryType.RELEASE_INTENDED}
_log = logging.getLogger("controller.remembered")


class _Service(msgspec.Struct):
    reason: str | None = None
    until: int | None = None


def sound_state(state: Mapping[str, bytes], copy: Callable[[], Mapping[str, bytes]]) -> dict[str, bytes]:
    """The state without what the disk has spoilt: such a value comes from the copy, or is given up, never the start.

    `kept` that is nowhere to be read stays as it is: the bank tells that (`kept_unreadable`).
    """
    sound = {name: value for name, value in state.items() if _is_sound(name, value)}
    spoilt = state.keys() - sound.keys()
    if spoilt:
        _log.error("the disk has spoilt %s: the copy is used where there is one", ", ".join(sorted(spoilt)))
        saved = copy()
        sound |= {name: saved[name] for name in spoilt if name in saved and _is_sound(name, saved[name])}
        if "kept" in spoilt:
            sound.setdefault("kept", state["kept"])
        if "session" in spoilt:
            sound["session"] = b"%d" % (int(sound.get("session", b"0")) + SESSION_MARGIN)
    return sound


def mended(state: Mapping[str, bytes], sound: Mapping[str, bytes]) -> dict[str, bytes | None]:
    """What is to be written over what the disk has spoilt, of its `sound_state`.

    What was given up stays as it is: it shows that there was something.
    """
    values: dict[str, bytes | None] = {name: value for name, value in sound.items() if state.get(name) != value}
    if "list" in values:  # behind it: writing a list makes the spoilt one the one before
        values["list_previous"] = sound.get("list_previous")
    return values


def _is_sound(name: str, value: bytes) -> bool:
    try:
        if name in ("session", "list_version"):
            int(value)
        elif name in ("list", "list_previous"):
            decode_access_list(msgspec.json.decode(value, type=Envelope).payload)
        elif name == "kept":
            decode_carried_over(value)
        elif name == "time":
            msgspec.json.decode(value, type=TimeState)
        elif name in ("trust", "keys"):
            msgspec.json.decode(value, type=Envelope)
        elif name.startswith("service:"):
            int(name.removeprefix("service:"))
            msgspec.json.decode(value, type=_Service)
    except (ValueError, msgspec.DecodeError, MessageError):
        return False
    return True


def bank_state(
    state: Mapping[str, bytes],
    recent: Sequence[Entry],
    badge_keys: Mapping[str, bytes],
    boot_id: str,
    now_ms: int,
    pulse_ms: Callable[[int], int],
) -> BankState:
    """What the core needs to go on, of a `sound_state`; `now_ms` is monotonic, `pulse_ms` a locker's pulse length."""
    recent = [entry for entry in recent if _is_whole(entry)]
    access_list, name = _list_in_force(state)
    return BankState(
        access_list=access_list,
        list_hash=name,
        version_floor=int(state.get("list_version", b"0")),
        kept=state.get("kept", b"[]"),
        badge_keys=badge_keys,
        out_of_service=_out_of_service(state),
        unresolved=_unresolved(recent),
        past_releases=_past_releases(recent, boot_id, now_ms, pulse_ms),
        releases_since_change=_releases_since_change(recent),
    )


def _is_whole(entry: Entry) -> bool:
    """Whether what is read of it is there: only the newest lines of the last epoch were held against their chain."""
    if entry.type not in _READ:
        return True
    locker, release = entry.body.get("locker"), entry.body.get("release")
    named = isinstance(release, str) or (release is None and entry.type != EntryType.RELEASE_INTENDED)
    if named and type(locker) is int:
        return True
    _log.warning("entry %d of epoch %s is spoilt and passed over", entry.seq, entry.epoch)
    return False


def _list_in_force(state: Mapping[str, bytes]) -> tuple[AccessList | None, str | None]:
    """The list kept, else the one before it. It was verified when it came; the key that signed it may have ended."""
    for name in ("list", "list_previous"):
        if name in state:
            payload = msgspec.json.decode(state[name], type=Envelope).payload
            return decode_access_list(payload), list_hash(payload)
    return None, None


def _out_of_service(state: Mapping[str, bytes]) -> dict[int, OutOfService]:
    marks = {}
    for name, value in state.items():
        if name.startswith("service:"):
            mark = msgspec.json.decode(value, type=_Service)
            marks[int(name.removeprefix("service:"))] = OutOfService(mark.reason, mark.until)
    return marks


def _unresolved(recent: Sequence[Entry]) -> tuple[UnresolvedRelease, ...]:
    open_ones: dict[str, int] = {}
    for entry in recent:
        if entry.type == EntryType.RELEASE_INTENDED:
            open_ones[entry.body["release"]] = entry.body["locker"]
        elif entry.type in _OUTCOMES:
            open_ones.pop(entry.body.get("release", ""), None)
    return tuple(UnresolvedRelease(release, locker) for release, locker in open_ones.items())


def _past_releases(
    recent: Sequence[Entry], boot_id: str, now_ms: int, pulse_ms: Callable[[int], int]
) -> tuple[PastRelease, ...]:
    """The last minute's. A monotonic clock of another boot is shifted so that its last entry was at this boot.

    None lies ahead of now, even where two boots cannot be told apart.

    What a disk with little room let wait is written after what came later: the last line need not be the latest.
    """
    if not recent:
        return ()
    boot = recent[-1].boot_id
    latest_ms = max(entry.mono_ms for entry in recent if entry.boot_id == boot)
    shift_ms = 0 if boot == boot_id else -latest_ms
    return tuple(
        PastRelease(entry.body["locker"], min(entry.mono_ms + shift_ms, now_ms), pulse_ms(entry.body["locker"]))
        for entry in recent
        if entry.type == EntryType.RELEASE_INTENDED
        and entry.boot_id == boot
        and latest_ms - entry.mono_ms <= _LAST_MINUTE_MS
    )


def _releases_since_change(recent: Sequence[Entry]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for entry in recent:
        if entry.type in _DOOR_MOVED and entry.body.get("sensor") != "latch":
            counts[entry.body["locker"]] = 0
        elif entry.type == EntryType.RELEASE_INTENDED and entry.body["locker"] in counts:
            counts[entry.body["locker"]] += 1
    return counts
