"""The faults a controller reports, in plain words: what is wrong, and which part to look at."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.orm import Session

from gateway.events.service import latest_events
from gateway.web.i18n import N_
from gateway.web.visit import Visit
from wire.messages import Fault

_DOORS, _JOURNAL = "locker ", "journal"
_DEVICE_CODES: Mapping[str, str] = {
    "missing": N_("not found: is it plugged in?"),
    "unplugged": N_("unplugged"),
    "permission": N_("no permission to use it"),
    "in_use": N_("another program uses it"),
    "failed": N_("cannot be used"),
    "silent": N_("does not answer"),
    "no_reply": N_("does not answer"),
    "bad_reply": N_("sends what cannot be read"),
    "closed": N_("does not answer"),
    "garbage": N_("sends what cannot be read"),
    "swapped": N_("its two data wires are exchanged"),
    "keeper_lost": N_("the pulse keeper stopped"),
    "stays_on": N_("a lock stays under power: cut the supply of the locks now"),
    "keypad_silent": N_("nobody can type at its keypad: badges open without their PIN"),
}
_DOOR_CODES: Mapping[str, str] = {
    "door_left_open": N_("open for too long"),
    "door_forced": N_("forced"),
    "release_failed": N_("the lock did not answer"),
    "stuck_open": N_("the door sensor always says open"),
    "stuck_closed": N_("the door sensor always says closed"),
    "bouncing": N_("the door sensor flickers"),
    "ajar": N_("pushed to, but not locked"),
    "tampered": N_("lock or sensors tampered with"),
    "latch_stuck": N_("the latch sensor does not move"),
}
_JOURNAL_CODES: Mapping[str, str] = {
    "full": N_("its disk is full: openings are kept in its memory only"),
    "low": N_("the disk is nearly full"),
    "readonly": N_("its disk takes nothing: openings are kept in its memory only; replace the card"),
    "broken": N_("its disk takes nothing: openings are kept in its memory only; replace the card"),
    "corrupt": N_("its journal cannot be read: look at its disk"),
    "unreadable": N_("some of its journal cannot be read: look at its disk"),
    "locked": N_("another program uses its journal"),
    "hangs": N_("its disk does not answer: openings are kept in its memory only; replace the card"),
}
_OTHER_CODES: Mapping[str, str] = {
    "not_durable": N_("the list in force could not be saved: is the disk full?"),
    "grants_disabled": N_("some grants of its list could not be read"),
    "badges_revived": N_(
        "its list names badges that were blocked before: they stay blocked there; block or replace them here too"
    ),
    "kept_unreadable": N_("some grants kept from before could not be read"),
    "badge_key_missing": N_("a badge key is missing: some badges do not open"),
    "lease_expired": N_("nothing heard from here for too long: staff badges do not open any more"),
    "holder_vanished": N_("a holder was missing from the new list: they keep their access for 72 hours"),
    "list_ahead": N_(
        "its list came from a clock that is days ahead: set the clock of this server; nobody's access ends by it"
    ),
    "late": N_("the disk answers too slowly"),
    "stalled": N_("what it sends is not confirmed from here"),
    "hash": N_("what was stored here is not what it sent"),
    "ahead": N_("its clock was ahead: contracts end early here until the time has caught up, or is set on the spot"),
    "contradicted": N_(
        "a clock tells another time than the one it trusts: look at its time server and at the clock of this server"
    ),
    "undervoltage": N_("the power supply is too weak"),
    "mains_failed": N_("the mains have failed: it runs on its battery"),
    "case_opened": N_("the enclosure stands open"),
}
_KINDS: Mapping[str, str] = {
    "reader_fault": N_("Badge reader %(name)s: %(what)s"),
    "board_fault": N_("Lock board %(name)s: %(what)s"),
}


def told(visit: Visit, session: Session, bank_id: str, faults: Sequence[Fault]) -> list[str]:
    """One sentence a fault; of a device only the newest, because it says the same with more knowledge."""
    devices = {fault.source: fault for fault in faults if fault.code in _DEVICE_CODES}
    kinds = _kinds(session, bank_id) if devices else {}
    others = [fault for fault in faults if fault.code not in _DEVICE_CODES]
    shown = [
        visit.say(kinds.get(name, "%(name)s: %(what)s"), name=name, what=visit.say(_DEVICE_CODES[fault.code]))
        for name, fault in devices.items()
    ]
    return shown + [_other(visit, fault) for fault in others]


def of_the_block(faults: Iterable[Fault]) -> list[Fault]:
    """Those that the doors on the wall do not show themselves."""
    return [fault for fault in faults if not fault.source.startswith(_DOORS)]


def _other(visit: Visit, fault: Fault) -> str:
    code, source = fault.code, fault.source
    if source.startswith(_DOORS):
        number = source.removeprefix(_DOORS)
        return visit.say(N_("Locker %(number)s: %(what)s"), number=number, what=visit.say(_DOOR_CODES.get(code, code)))
    known = (_JOURNAL_CODES.get(code) if source == _JOURNAL else None) or _OTHER_CODES.get(code)
    text = visit.say(known) if known else f"{source}: {code}"
    return text[:1].upper() + text[1:]


def _kinds(session: Session, bank_id: str) -> Mapping[str, str]:
    """Which of the bank's devices are readers and which are boards, as its journal called them."""
    told_of = latest_events(session, kinds=tuple(_KINDS), bank_id=bank_id)
    return {str(item.body.get("device")): _KINDS[item.kind] for item in told_of}
