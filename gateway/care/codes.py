"""The coded values of care; each has its words on screen (words.py). `unknown` is always an answer."""

from enum import StrEnum


class ContactKind(StrEnum):
    """How someone was in contact with a person; `looked_for` is a try without an answer and no sign of life."""

    MET = "met"
    PHONED = "phoned"
    MESSAGE = "message"
    SEEN = "seen"
    LOOKED_FOR = "looked_for"


class Place(StrEnum):
    """Where a contact was."""

    LOCKERS = "lockers"
    STREET = "street"
    CAFE = "cafe"
    DAY_CENTRE = "day_centre"
    OFFICE = "office"
    SHELTER = "shelter"
    HOSPITAL = "hospital"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"


class Certainty(StrEnum):
    """Whether a fact was said or seen, or is taken to be so, as in figures of before this software."""

    STATED = "stated"
    ASSUMED = "assumed"


class Topic(StrEnum):
    """What a step, a wish, a refusal or a referral is about."""

    IDENTITY_PAPERS = "identity_papers"
    RESIDENCE = "residence"
    HEALTH_COVER = "health_cover"
    HEALTH = "health"
    ADDICTION = "addiction"
    INCOME = "income"
    WORK = "work"
    TRAINING = "training"
    ADDRESS = "address"
    HOUSING = "housing"
    SHELTER = "shelter"
    LEGAL = "legal"
    DEBTS = "debts"
    FAMILY = "family"
    LANGUAGE = "language"
    OTHER = "other"
    UNKNOWN = "unknown"


class StepResult(StrEnum):
    """What became of an agreed step; `refused` by an office, `dropped` by the person or together."""

    UNDER_WAY = "under_way"
    OBTAINED = "obtained"
    REFUSED = "refused"
    DROPPED = "dropped"
    UNKNOWN = "unknown"


class WishKind(StrEnum):
    """What someone wants, or does not want."""

    WISH = "wish"
    REFUSAL = "refusal"


class SupportKind(StrEnum):
    """One kind of support given."""

    REGISTERED_ADDRESS = "registered_address"
    HEALTH = "health"
    EVALUATION_SHEET = "evaluation_sheet"
    EMERGENCY_CALL_115 = "emergency_call_115"
    STREET_ALERT = "street_alert"
    FOOD = "food"
    CLOTHING = "clothing"
    EQUIPMENT = "equipment"
    TRAVEL = "travel"
    FEES = "fees"
    LANGUAGE_CLASS = "language_class"
    ADVANCE = "advance"
    GOING_ALONG = "going_along"
    HOUSING_REQUEST = "housing_request"
    WORK = "work"
    LEGAL = "legal"
    OTHER = "other"


class Moment(StrEnum):
    """When in a person's time with a scheme a snapshot shows them."""

    ENTRY = "entry"
    EXIT = "exit"


class IdentityPapers(StrEnum):
    """What someone can show of who they are."""

    IDENTITY_CARD = "identity_card"
    PASSPORT = "passport"
    RESIDENCE_PERMIT = "residence_permit"
    EXPIRED = "expired"
    LOST = "lost"
    NONE = "none"
    UNDOCUMENTED = "undocumented"
    UNKNOWN = "unknown"


class Residence(StrEnum):
    """The right to stay."""

    CITIZEN = "citizen"
    EU_CITIZEN = "eu_citizen"
    PERMIT = "permit"
    APPLIED = "applied"
    ASYLUM = "asylum"
    NONE = "none"
    UNKNOWN = "unknown"


class HealthCover(StrEnum):
    """Whether health care is paid for."""

    ACTIVE = "active"
    RENEWING = "renewing"
    ACTIVE_OR_RENEWING = "active_or_renewing"
    APPLIED = "applied"
    NONE = "none"
    UNKNOWN = "unknown"


class Income(StrEnum):
    """Where money comes from."""

    NONE = "none"
    WORK = "work"
    MINIMUM_INCOME = "minimum_income"
    UNEMPLOYMENT = "unemployment"
    DISABILITY = "disability"
    PENSION = "pension"
    ASYLUM_ALLOWANCE = "asylum_allowance"
    OTHER = "other"
    UNKNOWN = "unknown"


class Work(StrEnum):
    """The work someone has."""

    NONE = "none"
    PERMANENT_JOB = "permanent_job"
    PERMANENT_PART_TIME = "permanent_part_time"
    TEMPORARY = "temporary"
    INTEGRATION_SCHEME = "integration_scheme"
    SELF_EMPLOYED = "self_employed"
    UNDECLARED = "undeclared"
    TRAINING = "training"
    UNABLE = "unable"
    RETIRED = "retired"
    UNKNOWN = "unknown"


class Address(StrEnum):
    """Where mail reaches someone."""

    REGISTERED_HERE = "registered_here"
    REGISTERED_ELSEWHERE = "registered_elsewhere"
    FAMILY_OR_FRIENDS = "family_or_friends"
    OWN = "own"
    NONE = "none"
    UNKNOWN = "unknown"


class StreetTime(StrEnum):
    """How long someone has been without a home."""

    UNDER_1_MONTH = "under_1_month"
    UNDER_6_MONTHS = "under_6_months"
    UNDER_1_YEAR = "under_1_year"
    UNDER_3_YEARS = "under_3_years"
    UNDER_10_YEARS = "under_10_years"
    OVER_10_YEARS = "over_10_years"
    HOUSED = "housed"
    UNKNOWN = "unknown"


class PartnerKind(StrEnum):
    """What a partner does."""

    SOCIAL_SERVICES = "social_services"
    OUTREACH = "outreach"
    HEALTH = "health"
    SHELTER = "shelter"
    HOUSING = "housing"
    EMPLOYMENT = "employment"
    LEGAL = "legal"
    CHARITY = "charity"
    OTHER = "other"


class Direction(StrEnum):
    """Who sends whom: the partner to us, or we to the partner."""

    FROM_PARTNER = "from_partner"
    TO_PARTNER = "to_partner"


class ReferralResult(StrEnum):
    """What became of a referral."""

    PENDING = "pending"
    TAKEN_ON = "taken_on"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """How someone came to the waiting list."""

    OUTREACH_ROUND = "outreach_round"
    CAME_BY_THEMSELVES = "came_by_themselves"
    PARTNER = "partner"
    WORD_OF_MOUTH = "word_of_mouth"
    OTHER_SCHEME = "other_scheme"
    OTHER = "other"
    UNKNOWN = "unknown"


class LeftWhy(StrEnum):
    """Why someone is no longer on the waiting list."""

    PLACED = "placed"
    OTHER_SOLUTION = "other_solution"
    NOT_WANTED = "not_wanted"
    NOT_ELIGIBLE = "not_eligible"
    NOT_REACHED = "not_reached"
    OTHER = "other"
    UNKNOWN = "unknown"


class OfferOutcome(StrEnum):
    """How a worker closed an offer."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    NOT_REACHED = "not_reached"
    WITHDRAWN = "withdrawn"


class AttemptResult(StrEnum):
    """What one try to reach a person came to."""

    REACHED = "reached"
    MESSAGE_LEFT = "message_left"
    NOT_REACHED = "not_reached"


class Finding(StrEnum):
    """Whether someone meets a condition, or goes without it for a reason the scheme lists."""

    MET = "met"
    NOT_MET = "not_met"
    EXCEPTION = "exception"
    UNKNOWN = "unknown"


class ReviewWhy(StrEnum):
    """Why a person's situation is looked at."""

    MISSED_CONTACTS = "missed_contacts"
    SUSPENSION = "suspension"
    ABSENCE = "absence"
    ASKED = "asked"


class ReviewDecision(StrEnum):
    """What people decided in a review; what concerns the contract is then done there, by a person."""

    GO_ON = "go_on"
    LOOK_FOR = "look_for"
    OTHER_CADENCE = "other_cadence"
    SUSPEND = "suspend"
    END = "end"
