"""The coded values of special cases."""

from enum import StrEnum


class IncidentKind(StrEnum):
    """What happened."""

    ABUSE = "abuse"
    THREATS = "threats"
    VIOLENCE = "violence"
    THEFT = "theft"
    DAMAGE = "damage"
    INTRUSION = "intrusion"
    MEDICAL = "medical"
    FIRE = "fire"
    OTHER = "other"
    UNKNOWN = "unknown"


class Part(StrEnum):
    """How a person was concerned by an incident."""

    DID = "did"
    SUFFERED = "suffered"
    SAW = "saw"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What became of an incident."""

    TALKED = "talked"
    MEDIATED = "mediated"
    WARNED = "warned"
    SUSPENDED = "suspended"
    EXCLUDED = "excluded"
    REPORTED = "reported"
    REPAIRED = "repaired"
    NOTHING = "nothing"
    OTHER = "other"
    UNKNOWN = "unknown"


class AppealBy(StrEnum):
    """Who asks that an exclusion be looked at again."""

    PERSON = "person"
    WORKER = "worker"
    PARTNER = "partner"
    LAWYER = "lawyer"
    OTHER = "other"
    UNKNOWN = "unknown"


class AppealOutcome(StrEnum):
    """What was decided on an appeal."""

    UPHELD = "upheld"
    SHORTENED = "shortened"
    LIFTED = "lifted"


class HazardKind(StrEnum):
    """What may be in a locker that cannot wait."""

    WET = "wet"
    PERISHABLE = "perishable"
    DANGEROUS = "dangerous"
    LIVING_BEING = "living_being"
    OTHER = "other"
    UNKNOWN = "unknown"
    NOTHING = "nothing"


class HazardAction(StrEnum):
    """What was done at an inspection."""

    LEFT_AS_IT_WAS = "left_as_it_was"
    DRIED_OR_CLEANED = "dried_or_cleaned"
    PUT_IN_SAFEKEEPING = "put_in_safekeeping"
    THROWN_AWAY = "thrown_away"
    GIVEN_TO_AUTHORITY = "given_to_authority"
    GIVEN_TO_HOLDER = "given_to_holder"
    OTHER = "other"


class KeyReason(StrEnum):
    """Why the override key was used."""

    HOLDER_PRESENT = "holder_present"
    INSPECTION = "inspection"
    MAINTENANCE = "maintenance"
    EMERGENCY = "emergency"
    SOMEONE_INSIDE = "someone_inside"
    NO_POWER = "no_power"
    LOCK_BROKEN = "lock_broken"
    OTHER = "other"


class Authority(StrEnum):
    """Who asks for data."""

    POLICE = "police"
    GENDARMERIE = "gendarmerie"
    PROSECUTOR = "prosecutor"
    COURT = "court"
    CUSTOMS = "customs"
    OTHER = "other"


class LegalBasis(StrEnum):
    """What obliges or allows the gateway's operator to answer."""

    COURT_ORDER = "court_order"
    PROSECUTOR_REQUEST = "prosecutor_request"
    FLAGRANCY = "flagrancy"
    MISSING_PERSON = "missing_person"
    DANGER_TO_LIFE = "danger_to_life"
    OTHER = "other"
    NONE = "none"


class Asked(StrEnum):
    """A kind of data that an authority may be given."""

    IDENTITY = "identity"
    CONTRACTS = "contracts"
    BADGES = "badges"
    OPENINGS = "openings"
    INCIDENTS = "incidents"
    EXCLUSIONS = "exclusions"
