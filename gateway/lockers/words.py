"""What places' codes are called on screen, as English messages."""

from collections.abc import Mapping

from gateway.lockers.roles import Role
from gateway.lockers.works import Reason
from gateway.web.i18n import N_

ROLES: Mapping[str, str] = {
    Role.OWNER: N_("Owner"),
    Role.OPERATOR: N_("Runs it"),
    Role.SUPPORT: N_("Supports people here"),
}
WORKS: Mapping[str, str] = {
    Reason.REPAIR: N_("Repair"),
    Reason.CLEANING: N_("Cleaning"),
    Reason.BUILDING: N_("Building works"),
    Reason.FITTING: N_("A new lock is fitted"),
    Reason.OTHER: N_("Another reason"),
}
LOCKS: Mapping[str, str] = {"badge": N_("Badge"), "key": N_("Mechanical key")}
MOVES: Mapping[str, str] = {"winding_down": N_("The block closes"), "works": N_("Works on the lockers")}
