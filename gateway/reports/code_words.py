"""What the codes that figures are counted by are called on screen."""

from collections.abc import Mapping

from gateway.web.i18n import N_, translations
from gateway.web.words import END_REASONS

_UNKNOWN = {"unknown": N_("Not known"), "other": N_("Another one"), "none": N_("None")}

_TOPICS: Mapping[str, str] = {
    "identity_papers": N_("Identity papers"),
    "residence": N_("Right to stay"),
    "health_cover": N_("Health cover"),
    "health": N_("Health"),
    "addiction": N_("Addiction"),
    "income": N_("Income"),
    "work": N_("Work"),
    "training": N_("Training"),
    "address": N_("Address"),
    "housing": N_("Housing"),
    "shelter": N_("Shelter"),
    "legal": N_("Legal matters"),
    "debts": N_("Debts"),
    "family": N_("Family"),
    "language": N_("Language"),
}

WORDS: Mapping[str, Mapping[str, str]] = {
    "reason": {
        **END_REASONS,
        "work": N_("Found work"),
        "hospital": N_("Hospital"),
        "no_news": N_("No news for a long time"),
        "winding_down": N_("The block closes"),
    },
    "decided_by": {
        "holder": N_("The holder"),
        "scheme": N_("The scheme"),
        "both": N_("Both together"),
        "circumstances": N_("Circumstances"),
    },
    "destination": {
        "own_housing": N_("Own housing"),
        "social_housing": N_("Social housing"),
        "supported_housing": N_("Supported housing"),
        "family_or_friends": N_("Family or friends"),
        "employer_housing": N_("Employer's housing"),
        "shelter": N_("Shelter"),
        "community": N_("Community"),
        "treatment": N_("Treatment"),
        "hospital": N_("Hospital"),
        "prison": N_("Prison"),
        "another_town": N_("Another town"),
        "abroad": N_("Abroad"),
        "street": N_("Street"),
        "died": N_("Died"),
    },
    "stability": {"lasting": N_("Lasting"), "temporary": N_("Temporary")},
    "support": {
        "registered_address": N_("Registered address"),
        "health": N_("Health"),
        "evaluation_sheet": N_("Evaluation sheet"),
        "emergency_call_115": N_("Emergency call (115)"),
        "street_alert": N_("Street alert"),
        "food": N_("Food"),
        "clothing": N_("Clothing"),
        "equipment": N_("Equipment"),
        "travel": N_("Travel"),
        "fees": N_("Fees"),
        "language_class": N_("Language class"),
        "advance": N_("Advance"),
        "going_along": N_("Going along"),
        "housing_request": N_("Housing request"),
        "work": N_("Work"),
        "legal": N_("Legal matters"),
    },
    "identity_papers": {
        "identity_card": N_("Identity card"),
        "passport": N_("Passport"),
        "residence_permit": N_("Residence permit"),
        "expired": N_("Expired"),
        "lost": N_("Lost"),
        "undocumented": N_("Undocumented"),
    },
    "residence": {
        "citizen": N_("Citizen"),
        "eu_citizen": N_("EU citizen"),
        "permit": N_("Residence permit"),
        "applied": N_("Applied for"),
        "asylum": N_("Asylum"),
    },
    "health_cover": {
        "active": N_("Active"),
        "renewing": N_("Being renewed"),
        "active_or_renewing": N_("Active or being renewed"),
        "applied": N_("Applied for"),
    },
    "income": {
        "work": N_("Work"),
        "minimum_income": N_("Minimum income"),
        "unemployment": N_("Unemployment benefit"),
        "disability": N_("Disability benefit"),
        "pension": N_("Pension"),
        "asylum_allowance": N_("Asylum allowance"),
    },
    "work": {
        "permanent_job": N_("Permanent job"),
        "permanent_part_time": N_("Permanent part-time job"),
        "temporary": N_("Temporary job"),
        "integration_scheme": N_("Integration scheme"),
        "self_employed": N_("Self-employed"),
        "undeclared": N_("Undeclared work"),
        "training": N_("Training"),
        "unable": N_("Unable to work"),
        "retired": N_("Retired"),
    },
    "address": {
        "registered_here": N_("Registered address here"),
        "registered_elsewhere": N_("Registered address elsewhere"),
        "family_or_friends": N_("Family or friends"),
        "own": N_("Own address"),
    },
    "street_time": {
        "under_1_month": N_("Under a month"),
        "under_6_months": N_("Under 6 months"),
        "under_1_year": N_("Under a year"),
        "under_3_years": N_("Under 3 years"),
        "under_10_years": N_("Under 10 years"),
        "over_10_years": N_("Over 10 years"),
        "housed": N_("Housed"),
    },
    "contact": {
        "met": N_("Met"),
        "phoned": N_("Phoned"),
        "message": N_("Message"),
        "seen": N_("Seen"),
        "looked_for": N_("Looked for"),
    },
    # Numbers are words of their own.
    "months": {},
    "step": _TOPICS,
    "result": {
        "under_way": N_("Under way"),
        "obtained": N_("Obtained"),
        "refused": N_("Refused"),
        "dropped": N_("Dropped"),
    },
}


def code_word(by: str, code: str, language: str) -> str:
    """The word for a code; one that has none is shown as it is rather than hidden."""
    message = WORDS.get(by, {}).get(code) or _UNKNOWN.get(code)
    return translations(language).gettext(message) if message else code
