"""What the codes of orders to a block are called on screen: English messages, translated where they are shown."""

from collections.abc import Mapping

from gateway.web.i18n import N_

SERVICE_REASONS: Mapping[str, str] = {
    "lock": N_("The lock"),
    "door": N_("The door"),
    "cleaning": N_("Cleaning"),
    "works": N_("Works on the lockers"),
    "safety": N_("Danger for whoever opens it"),
    "other": N_("Another reason"),
}

# Hours for which a holder's badge is stopped.
STOPS: Mapping[str, str] = {
    "1": N_("Yes, for one hour"),
    "4": N_("Yes, for four hours"),
    "12": N_("Yes, for twelve hours"),
}

# Kind of order -> what its page is called, and what stands there when the block has refused or not answered.
HEADINGS: Mapping[str, str] = {
    "open": N_("Opening locker %(number)s"),
    "out_of_service": N_("Taking locker %(number)s out of service"),
    "in_service": N_("Putting locker %(number)s back in service"),
}
