"""What the codes of schemes are called on screen, as English messages."""

from collections.abc import Callable, Mapping

from gateway.schemes.codes import Service
from gateway.schemes.service import DEFAULT_NAME
from gateway.web.i18n import N_

SERVICES: Mapping[str, str] = {
    Service.LOCKERS: N_("Solidarity lockers"),
    Service.LUGGAGE: N_("Luggage room"),
    Service.TOOLS: N_("Tool library"),
}
# For which one may go without a condition; an organisation's own codes are shown as they are.
EXCEPTIONS: Mapping[str, str] = {
    "came_alone": N_("came by themselves"),
    "emergency": N_("an emergency"),
    "health": N_("health"),
    "passing_through": N_("passing through"),
}


def scheme_name(name: str, say: Callable[[str], str]) -> str:
    """A scheme's name as it is shown: one to which nobody gave a name is called by its service."""
    return say(SERVICES[Service.LOCKERS]) if name == DEFAULT_NAME else name
