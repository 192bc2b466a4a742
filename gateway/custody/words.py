"""What belongings, their safekeeping and a locker's checks are called on screen."""

from collections.abc import Mapping

from gateway.custody.codes import Check, DisposalReason, Outcome, Recipient, Step, Thing, Witness
from gateway.web.i18n import N_

THINGS: Mapping[str, str] = {
    Thing.PAPERS: N_("Papers"),
    Thing.MEDICINE: N_("Medicine"),
    Thing.MONEY: N_("Money"),
    Thing.KEYS: N_("Keys"),
    Thing.PHOTOGRAPHS: N_("Photographs"),
    Thing.CLOTHING: N_("Clothes"),
    Thing.BEDDING: N_("Bedding"),
    Thing.BAG: N_("Bag"),
    Thing.ELECTRONICS: N_("Telephone, electronics"),
    Thing.TOOLS: N_("Tools"),
    Thing.FOOD: N_("Food"),
    Thing.OTHER: N_("Something else"),
    Thing.UNKNOWN: N_("Not known"),
}
WITNESSES: Mapping[str, tuple[str, str]] = {
    Witness.COLLEAGUE: (N_("A colleague"), N_("Write their name below.")),
    Witness.PARTNER: (N_("Someone of a partner"), N_("Write their name below.")),
    Witness.HOLDER: (N_("The holder"), ""),
    Witness.PHOTOGRAPHS: (N_("Photographs of everything"), N_("Write below where they are kept.")),
}
STEPS: Mapping[str, str] = {
    Step.INVENTORY: N_("Inventory"),
    Step.STORE: N_("To be put away"),
    Step.KEEPING: N_("In safekeeping"),
    Step.CLOSED: N_("Closed"),
}
OUTCOMES: Mapping[str, str] = {
    Outcome.RETURNED: N_("Given back"),
    Outcome.HANDED_OVER: N_("Handed to someone else"),
    Outcome.DISPOSED: N_("Disposed of"),
}
RECIPIENTS: Mapping[str, str] = {
    Recipient.HOLDER: N_("The holder"),
    Recipient.TRUSTED: N_("Someone the holder trusts"),
    Recipient.ENTITLED: N_("Someone entitled after a death"),
    Recipient.WORKER: N_("A worker"),
    Recipient.AUTHORITY: N_("An authority"),
    Recipient.PHARMACY: N_("A pharmacy"),
    Recipient.OTHER: N_("Someone else"),
}
DISPOSAL_REASONS: Mapping[str, str] = {
    DisposalReason.KEPT_LONG_ENOUGH: N_("The keeping time is over"),
    DisposalReason.ASKED_BY_HOLDER: N_("The holder asked for it"),
    DisposalReason.PERISHED: N_("It is rotten"),
    DisposalReason.DANGEROUS: N_("It is dangerous"),
    DisposalReason.EXPIRED: N_("It is out of date"),
    DisposalReason.OTHER: N_("Another reason"),
}
CHECKS: Mapping[str, str] = {
    Check.EMPTY: N_("It is empty"),
    Check.CLEANED: N_("It was cleaned"),
    Check.LOCK: N_("Its lock works"),
}
NOBODY_KNOWN = N_("Not known whose")
HOLDS: Mapping[str, str] = {
    "kept_for_entitled": N_("The holder has died: this is kept for those entitled to it."),
    "owner_away": N_("The holder is away: nothing is disposed of until someone has ended that absence."),
}
