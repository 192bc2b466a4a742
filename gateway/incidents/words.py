"""What the codes of incidents, exclusions, hazards and requests are called on screen and on paper, in English."""

from collections.abc import Mapping

from gateway.incidents.codes import HazardAction, HazardKind
from gateway.web.i18n import N_

HAZARDS: Mapping[str, str] = {
    HazardKind.WET: N_("Something wet"),
    HazardKind.PERISHABLE: N_("Something that goes off"),
    HazardKind.DANGEROUS: N_("Something dangerous"),
    HazardKind.LIVING_BEING: N_("A living being"),
    HazardKind.OTHER: N_("Something else"),
    HazardKind.UNKNOWN: N_("Not known"),
    HazardKind.NOTHING: N_("Nothing of the kind"),
}
ACTIONS: Mapping[str, str] = {
    HazardAction.LEFT_AS_IT_WAS: N_("Left as it was"),
    HazardAction.DRIED_OR_CLEANED: N_("Dried or cleaned"),
    HazardAction.PUT_IN_SAFEKEEPING: N_("Put in safekeeping"),
    HazardAction.THROWN_AWAY: N_("Thrown away"),
    HazardAction.GIVEN_TO_AUTHORITY: N_("Given to an authority"),
    HazardAction.GIVEN_TO_HOLDER: N_("Given to the holder"),
    HazardAction.OTHER: N_("Something else"),
}

INCIDENTS: Mapping[str, str] = {
    "abuse": N_("Abuse"),
    "threats": N_("Threats"),
    "violence": N_("Violence"),
    "theft": N_("Theft"),
    "damage": N_("Damage"),
    "intrusion": N_("Intrusion"),
    "medical": N_("Medical emergency"),
    "fire": N_("Fire"),
    "other": N_("Something else"),
    "unknown": N_("Not known"),
}

PARTS: Mapping[str, str] = {
    "did": N_("Did it"),
    "suffered": N_("Suffered it"),
    "saw": N_("Saw it"),
    "unknown": N_("Not known"),
}

OUTCOMES: Mapping[str, str] = {
    "nothing": N_("Nothing followed"),
    "talked": N_("Talked about it"),
    "mediated": N_("Mediation"),
    "warned": N_("Warning"),
    "repaired": N_("Repaired or replaced"),
    "suspended": N_("Contract suspended"),
    "excluded": N_("Exclusion"),
    "reported": N_("Complaint made"),
    "other": N_("Something else"),
    "unknown": N_("Not known"),
}

APPEAL_BY: Mapping[str, str] = {
    "person": N_("The person"),
    "worker": N_("Their worker"),
    "partner": N_("A partner"),
    "lawyer": N_("A lawyer"),
    "other": N_("Another one"),
    "unknown": N_("Not known"),
}

APPEALS: Mapping[str, str] = {
    "upheld": N_("The exclusion stands"),
    "shortened": N_("Made shorter"),
    "lifted": N_("Lifted"),
}

AUTHORITIES: Mapping[str, str] = {
    "police": N_("Police"),
    "gendarmerie": N_("Gendarmerie"),
    "customs": N_("Customs"),
    "prosecutor": N_("Public prosecutor"),
    "court": N_("Court"),
    "other": N_("Another one"),
}

LEGAL_BASES: Mapping[str, str] = {
    "prosecutor_request": N_("A prosecutor's request"),
    "court_order": N_("A court order"),
    "flagrancy": N_("Caught in the act"),
    "danger_to_life": N_("Danger to life"),
    "missing_person": N_("A missing person"),
    "none": N_("No legal basis given"),
    "other": N_("Another one"),
}

ASKED: Mapping[str, str] = {
    "identity": N_("Who someone is"),
    "contracts": N_("Contracts"),
    "badges": N_("Badges"),
    "openings": N_("Openings"),
    "incidents": N_("Incidents"),
    "exclusions": N_("Exclusions"),
}

KEY_REASONS: Mapping[str, str] = {
    "holder_present": N_("The holder is here"),
    "inspection": N_("Inspection with a witness"),
    "maintenance": N_("Maintenance"),
    "emergency": N_("Emergency"),
    "someone_inside": N_("Someone is inside"),
    "no_power": N_("No power at the block"),
    "lock_broken": N_("The lock is broken"),
    "other": N_("Another reason"),
}
