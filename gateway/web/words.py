"""What the services' codes are called on screen: an English message (translated where shown), icon and tone."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.web.i18n import N_


@dataclass(frozen=True)
class Word:
    """A code on screen; `tone` colours it, `icon` and `text` say the same without colour."""

    text: str
    icon: str = "info"
    tone: str = "still"


LOCKER_STATES: Mapping[str, Word] = {
    "forced": Word(N_("Forced"), "forced", "alarm"),
    "tampered": Word(N_("Tampered with"), "forced", "alarm"),
    "jammed": Word(N_("Jammed"), "jammed", "alarm"),
    "open_too_long": Word(N_("Open too long"), "open_too_long", "late"),
    "ajar": Word(N_("Not locked"), "open", "late"),
    "open": Word(N_("Open"), "open", "warm"),
    "offline": Word(N_("Offline"), "offline", "still"),
    "out_of_service": Word(N_("Out of service"), "out_of_service", "still"),
    "to_empty": Word(N_("To be emptied"), "to_empty", "task"),
    "occupied": Word(N_("Occupied"), "occupied", "calm"),
    "tools": Word(N_("Tool locker"), "tools", "calm"),
    "free": Word(N_("Free"), "free", "good"),
}

CONTRACT_STATES: Mapping[str, Word] = {
    "draft": Word(N_("Being prepared"), "pending", "still"),
    "upcoming": Word(N_("Starts soon"), "clock", "calm"),
    "active": Word(N_("In force"), "check", "good"),
    "suspended": Word(N_("Suspended"), "pause", "warm"),
    "ending": Word(N_("Time to collect"), "clock", "late"),
    "ended": Word(N_("Ended"), "end", "still"),
}

BADGE_STATES: Mapping[str, Word] = {
    "active": Word(N_("Works"), "check", "good"),
    "stock": Word(N_("In stock"), "badge", "still"),
    "revoked": Word(N_("Blocked"), "block_badge", "alarm"),
    "replaced": Word(N_("Replaced"), "block_badge", "still"),
    "ended": Word(N_("Ended"), "end", "still"),
}

REVOKED_WHY: Mapping[str, str] = {"ended": N_("Ended"), "revoked": N_("Blocked"), "replaced": N_("Replaced")}

OPEN_REASONS: Mapping[str, tuple[str, str]] = {
    "holder_present": (N_("The holder is here"), N_("You have recognised the person.")),
    "inspection": (N_("Inspection with a witness"), N_("Two people are at the locker.")),
    "maintenance": (N_("Maintenance"), N_("Lock, door or cleaning.")),
    "emergency": (N_("Emergency"), N_("Someone or something is in danger.")),
    "someone_inside": (N_("Someone is inside"), N_("It opens at once.")),
    "leave_mail": (N_("Leave mail"), N_("The holder has agreed.")),
}

COMMAND_REFUSALS: Mapping[str, str] = {
    "session": N_("The block had just reconnected. Ask again."),
    "beat": N_("The order came too late to be safe. Ask again."),
    "expired": N_("The order came too late to be safe. Ask again."),
    "retained": N_("The order came too late to be safe. Ask again."),
    "seen": N_("This order had already been carried out."),
    "busy": N_("This lock is being opened already. Wait a moment, then ask again."),
    "held": N_("The locker is held by someone."),
    "out_of_service": N_("The locker is out of service."),
    "locker": N_("The block does not know this locker. Tell the technician."),
}

BREACH_CAUSES: Mapping[str, str] = {
    "revoked": N_("Opened after the badge was blocked: the block had not received it yet."),
    "ended": N_("Opened after the contract had ended."),
    "suspended": N_("Opened during a suspension."),
    "waits": N_("Opened before somebody had looked into the locker."),
    "moved": N_("Opened after the contract had moved to another locker."),
    "not_yet": N_("Opened before the contract began."),
    "no_contract": N_("Opened with no contract for this locker."),
    "no_command": N_("Opened by an order that nobody here gave."),
}

SUSPEND_REASONS: Mapping[str, str] = {
    "incident": N_("Incident"),
    "safety": N_("Safety of others"),
    "no_news": N_("No news for a long time"),
    "absence": N_("Absence: hospital, prison, family"),
    "works": N_("Works on the lockers"),
    "other": N_("Another reason"),
}

END_REASONS: Mapping[str, str] = {
    "own_solution": N_("Found a solution of their own"),
    "work": N_("Found work"),
    "agreed": N_("Agreed together"),
    "term_over": N_("The term is over"),
    "moved_away": N_("Moved away"),
    "emptied": N_("Emptied the locker and left"),
    "support_refused": N_("Refuses support"),
    "prison": N_("Prison"),
    "hospital": N_("Hospital"),
    "no_news": N_("No news for a long time"),
    "winding_down": N_("The lockers are closing"),
    "threats": N_("Threats or violence"),
    "death": N_("Death"),
    "reassigned": N_("Locker needed for someone else"),
    "other": N_("Another reason"),
    "unknown": N_("Not known"),
}

REVOKE_REASONS: Mapping[str, str] = {
    "lost": N_("Lost"),
    "stolen": N_("Stolen"),
    "broken": N_("Broken"),
    "returned": N_("Given back"),
    "not_returned": N_("Not given back"),
    "incident": N_("Incident"),
    "ended": N_("The contract has ended"),
    "other": N_("Another reason"),
}

KEY_REASONS: Mapping[str, str] = {
    "no_power": N_("No power at the block"),
    "lock_broken": N_("The lock is broken"),
    "other": N_("Another reason"),
}

RECOGNISED: Mapping[str, str] = {
    "known_to_staff": N_("I know the person"),
    "known_to_colleague": N_("A colleague knows the person"),
    "partner_confirmed": N_("A partner confirmed it"),
    "answers": N_("By what the person could tell"),
    "photograph": N_("By a photograph"),
    "papers_shown": N_("The person showed papers of their own accord"),
    "other_badge": N_("By another badge of theirs"),
    "unknown": N_("Not known"),
}

DONE: Mapping[str, str] = {
    "lent": N_("Lent."),
    "loan_hand_over": N_("The tools are handed over."),
    "loan_back": N_("Noted. Thank you for looking at the tools."),
    "loan_extend": N_("The loan is longer now."),
    "loan_cancel": N_("The loan is cancelled."),
    "loan_told": N_("The reminder is noted."),
    "loan_reject": N_("Noted: the loan is as if the locker had not been opened."),
    "handed_over": N_("Handed over. The badge works as soon as the block has the new list: see below."),
    "suspended": N_("The contract is suspended."),
    "resumed": N_("The contract is in force again."),
    "stays_active": N_("The planned suspension was taken back."),
    "signed": N_("The contract is signed."),
    "moved": N_("The locker was changed. Both doors open until tomorrow, for the move."),
    "ended": N_("The contract has ended. The badge opens during the time to collect."),
    "emptied": N_("The locker is confirmed empty. Cleaned and its lock checked, it can be given again."),
    "end_planned": N_("The last day is set. Until then the badge opens as before."),
    "end_said": N_("Noted how it ended."),
    "joined": N_("They are on the contract now: their badges open too."),
    "parted": N_("Done: their badges no longer open. The contract goes on."),
    "trusted": N_("Named. Their badge opens on these days."),
    "distrusted": N_("Done: their badges no longer open."),
    "message_left": N_("The message waits: the light will say so at the door."),
    "message_given": N_("Noted: the message was given."),
    "away": N_("The absence is noted. Reviews, deadlines and disposal wait."),
    "back": N_("Noted: the person is back."),
    "death_noted": N_("It is noted. What is inside is kept for those entitled to it, and nobody is reminded any more."),
    "death_withdrawn": N_("The note was taken back."),
    "waiting_added": N_("They are on the list now."),
    "waiting_offer": N_("The offer is made. Now try to reach them, and write each try down."),
    "waiting_attempt": N_("The try is noted."),
    "waiting_outcome": N_("The offer is closed. They stay on the list."),
    "waiting_closed": N_("They are no longer on the list."),
    "incident_reported": N_("It is written down. Nothing follows from it by itself."),
    "incident_people": N_("Added."),
    "incident_exclude": N_("The exclusion is noted. It locks no door: the contract stays what it is."),
    "incident_lift": N_("The exclusion is lifted."),
    "incident_appeal": N_("The appeal is noted. Someone else decides whether the exclusion stands."),
    "incident_decide": N_("The appeal is decided."),
    "incident_close": N_("The case is closed."),
    "on_leave": N_("The leave and who stands in are noted."),
    "stand_in_changed": N_("Someone else stands in now."),
    "leave_cancelled": N_("The leave is cancelled."),
    "renewed": N_("The contract was renewed: same badge, same locker."),
    "badge_given": N_("The badge was given."),
    "person_added": N_("The person was added."),
    "contact_logged": N_("The contact is logged."),
    "looked_after": N_("You look after this person now."),
    "seen": N_("Noted as seen."),
    "reconciled": N_("Decided. The block gets its list now."),
    "checked": N_("Confirmed. The locker can be given again once it is empty, clean and its lock works."),
    "terms_changed": N_("The terms of new contracts are changed."),
    "hours_brought": N_("Signed contracts, and memberships of a tool library, have these hours now."),
    "channel_added": N_("They are told from now on. Send a message to try it."),
    "channel_disabled": N_("Nobody is told there any more."),
    "channel_tried": N_("The message was sent. Ask whether it arrived."),
    "place_added": N_("Added."),
    "place_changed": N_("Changed."),
    "key_hand-over": N_("The key is handed over."),
    "key_take-back": N_("Noted: the key is back."),
    "key_lost": N_("Noted as lost. Nobody is charged."),
    "shift_closed": N_("The desk is closed. Thank you."),
}

NAVIGATION = (
    ("wall", "/", "wall", N_("Lockers")),
    ("people", "/people", "people", N_("People")),
    ("mine", "/my-people", "person", N_("My people")),
    ("handover", "/handover", "handover", N_("Hand over")),
    ("blocks", "/blocks", "blocks", N_("Blocks")),
    ("reports", "/reports", "reports", N_("Reports")),
    ("desk", "/desk", "check", N_("Desk")),
    ("tools", "/tools", "tools", N_("Tools")),
    ("safekeeping", "/safekeeping", "to_empty", N_("In safekeeping")),
)


# A phone's navigation shows these many and the page of the rest.
ALWAYS_SHOWN = 4
MORE = (
    ("/waiting", "clock", N_("Waiting list"), N_("Who waits and for how long, and what was offered")),
    ("/incidents", "info", N_("Incidents"), N_("What happened, whom it concerned, and what was decided")),
    ("/hazards", "forced", N_("Cannot wait"), N_("Something wet, perishable, dangerous or living in a locker")),
    ("/openings", "open", N_("Openings, one by one"), N_("Only with a reason; that they were read is recorded")),
    ("/schemes", "check", N_("Schemes"), N_("What contracts promise and ask: rhythm, term, hours, conditions")),
    ("/places", "wall", N_("Places"), N_("Organisations, blocks, lockers, keys, works")),
    ("/alerts", "clock", N_("Alerts"), N_("Who is told of what, and when not")),
)


def locker_state(code: str) -> Word:
    """The word for a locker's state; an unknown code is shown as it is rather than hidden."""
    return LOCKER_STATES.get(code, Word(code, "unknown"))


def contract_state(code: str) -> Word:
    """The word for a contract's state."""
    return CONTRACT_STATES.get(code, Word(code, "unknown"))


def badge_state(code: str) -> Word:
    """The word for a badge's state."""
    return BADGE_STATES.get(code, Word(code, "unknown"))
