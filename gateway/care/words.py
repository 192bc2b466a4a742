"""What the codes of care are called on screen: English messages, translated where they are shown."""

from collections.abc import Mapping

from gateway.web.i18n import N_
from gateway.web.words import Word

CALLS: Mapping[str, Word] = {
    "review": Word(N_("To decide together"), "info", "task"),
    "missed": Word(N_("To see"), "clock", "late"),
    "to_see": Word(N_("To see today"), "clock", "warm"),
    "nothing": Word(N_("Seen lately"), "check", "good"),
    "away": Word(N_("Absent"), "leave", "still"),
}

WAITING: Mapping[str, Word] = {
    "nothing": Word(N_("No offer yet"), "clock", "still"),
    "offered": Word(N_("Offer open"), "message", "calm"),
    "to_decide": Word(N_("Offer to decide about"), "pending", "task"),
    "died": Word(N_("Has died"), "info", "still"),
    "closed": Word(N_("Waits no more"), "check", "good"),
}

CONTACT_KINDS: Mapping[str, str] = {
    "met": N_("Met"),
    "phoned": N_("Phoned"),
    "message": N_("Exchanged messages"),
    "seen": N_("Seen in passing"),
    "looked_for": N_("Looked for, not found"),
}

PLACES: Mapping[str, str] = {
    "lockers": N_("At the lockers"),
    "street": N_("In the street"),
    "cafe": N_("In a café"),
    "day_centre": N_("At the day centre"),
    "office": N_("At the office"),
    "shelter": N_("At the shelter"),
    "hospital": N_("At the hospital"),
    "elsewhere": N_("Elsewhere"),
    "unknown": N_("Not known"),
}

FINDINGS: Mapping[str, str] = {
    "met": N_("The condition is met"),
    "exception": N_("An exception holds"),
    "not_met": N_("The condition is not met"),
    "unknown": N_("Not looked at yet"),
}

CERTAINTIES: Mapping[str, str] = {
    "stated": N_("As the person says"),
    "assumed": N_("Assumed"),
}

MOMENTS: Mapping[str, str] = {
    "entry": N_("On entry"),
    "exit": N_("On leaving"),
}

STEP_RESULTS: Mapping[str, str] = {
    "under_way": N_("Under way"),
    "obtained": N_("Obtained"),
    "refused": N_("Refused"),
    "dropped": N_("Dropped"),
    "unknown": N_("Not known"),
}

WISHES: Mapping[str, str] = {
    "wish": N_("A wish"),
    "refusal": N_("A refusal"),
}

PARTNER_KINDS: Mapping[str, str] = {
    "charity": N_("Charity"),
    "employment": N_("Employment"),
    "health": N_("Health"),
    "housing": N_("Housing"),
    "legal": N_("Legal matters"),
    "outreach": N_("Outreach round"),
    "shelter": N_("Shelter"),
    "social_services": N_("Social services"),
    "other": N_("Another one"),
}

DIRECTIONS: Mapping[str, str] = {
    "from_partner": N_("Sent to us by a partner"),
    "to_partner": N_("Sent on to a partner"),
}

REFERRALS: Mapping[str, str] = {
    "pending": N_("No answer yet"),
    "taken_on": N_("Taken on"),
    "refused": N_("Refused"),
    "no_answer": N_("No answer"),
    "unknown": N_("Not known"),
}

SOURCES: Mapping[str, str] = {
    "outreach_round": N_("Met on an outreach round"),
    "came_by_themselves": N_("Came by themselves"),
    "partner": N_("Through a partner"),
    "word_of_mouth": N_("By word of mouth"),
    "other_scheme": N_("From another scheme"),
    "other": N_("Another one"),
    "unknown": N_("Not known"),
}

LEFT_WHY: Mapping[str, str] = {
    "placed": N_("Has a locker now"),
    "other_solution": N_("Found another solution"),
    "not_wanted": N_("Does not want one any more"),
    "not_reached": N_("Could not be reached"),
    "not_eligible": N_("Cannot enter the scheme"),
    "other": N_("Another reason"),
    "unknown": N_("Not known"),
}

OFFERS: Mapping[str, str] = {
    "accepted": N_("Accepted"),
    "declined": N_("Declined"),
    "not_reached": N_("Could not be reached"),
    "withdrawn": N_("Withdrawn"),
}

ATTEMPTS: Mapping[str, str] = {
    "reached": N_("Reached"),
    "message_left": N_("Message left"),
    "not_reached": N_("Not reached"),
}

REVIEW_WHY: Mapping[str, str] = {
    "missed_contacts": N_("Not seen for a while"),
    "asked": N_("Someone asked for it"),
    "absence": N_("An absence"),
    "suspension": N_("A suspension"),
}

REVIEWS: Mapping[str, str] = {
    "go_on": N_("Go on as before"),
    "look_for": N_("Look for the person"),
    "other_cadence": N_("See the person more or less often"),
    "suspend": N_("Suspend the contract"),
    "end": N_("End the contract"),
}
