"""Every code that a page, a paper or a message may show has words, in English, French and Portuguese."""

import pkgutil
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import Any

import pytest
from babel.messages.pofile import read_po

import gateway
import gateway.tables
from gateway.access import out_of_service
from gateway.access import words as access_words
from gateway.alerts import kinds
from gateway.badges import desk_schemas, replacing
from gateway.badges import schemas as badge_schemas
from gateway.care import cadence
from gateway.care import codes as care
from gateway.care import words as care_words
from gateway.contracts import codes as contracts
from gateway.contracts import states
from gateway.contracts import words as contract_words
from gateway.custody import codes as custody
from gateway.custody import words as custody_words
from gateway.incidents import codes as incidents
from gateway.incidents import words as incident_words
from gateway.loans import attention
from gateway.loans import codes as loans
from gateway.loans import states as loan_states
from gateway.loans import words as loan_words
from gateway.lockers import roles, works
from gateway.lockers import schemas as locker_schemas
from gateway.lockers import words as locker_words
from gateway.luggage import codes as luggage
from gateway.luggage import words as luggage_words
from gateway.money import codes as money
from gateway.reports import code_words, period, wording
from gateway.schemes import codes as schemes
from gateway.schemes import words as scheme_words
from gateway.web import words as web
from gateway.web.i18n import LOCALE_DIR


def counted(by: str) -> Mapping[str, str]:
    """The words under which a report counts, with those every list of codes shares."""
    return {**code_words._UNKNOWN, **code_words.WORDS[by]}


WORDS: Mapping[type[StrEnum], Mapping[Any, Any]] = {
    kinds.Kind: kinds.TITLES,
    out_of_service.ServiceReason: access_words.SERVICE_REASONS,
    replacing.How: web.RECOGNISED,
    desk_schemas.LostReason: {**web.REVOKE_REASONS, **web.REVOKED_WHY},
    badge_schemas.RevokeReason: {**web.REVOKE_REASONS, **web.REVOKED_WHY},
    cadence.Call: care_words.CALLS,
    care.ContactKind: care_words.CONTACT_KINDS,
    care.Place: care_words.PLACES,
    care.Certainty: care_words.CERTAINTIES,
    care.Topic: counted("step"),
    care.StepResult: care_words.STEP_RESULTS,
    care.WishKind: care_words.WISHES,
    care.SupportKind: counted("support"),
    care.Moment: care_words.MOMENTS,
    care.IdentityPapers: counted("identity_papers"),
    care.Residence: counted("residence"),
    care.HealthCover: counted("health_cover"),
    care.Income: counted("income"),
    care.Work: counted("work"),
    care.Address: counted("address"),
    care.StreetTime: counted("street_time"),
    care.PartnerKind: care_words.PARTNER_KINDS,
    care.Direction: care_words.DIRECTIONS,
    care.ReferralResult: care_words.REFERRALS,
    care.Source: care_words.SOURCES,
    care.LeftWhy: care_words.LEFT_WHY,
    care.OfferOutcome: care_words.OFFERS,
    care.AttemptResult: care_words.ATTEMPTS,
    care.Finding: care_words.FINDINGS,
    care.ReviewWhy: care_words.REVIEW_WHY,
    care.ReviewDecision: care_words.REVIEWS,
    contracts.SuspendReason: web.SUSPEND_REASONS,
    contracts.DespiteExclusion: contract_words.DESPITE,
    contracts.Fetch: contract_words.FETCH,
    contracts.EndReason: web.END_REASONS,
    contracts.DecidedBy: contract_words.DECIDED_BY,
    contracts.Destination: contract_words.DESTINATIONS,
    contracts.Stability: contract_words.STABILITIES,
    contracts.AbsenceKind: contract_words.ABSENCES,
    contracts.NoticeWhy: contract_words.NOTICES,
    states.State: web.CONTRACT_STATES,
    states.Action: contract_words.ACTIONS,
    custody.Thing: custody_words.THINGS,
    custody.Witness: custody_words.WITNESSES,
    custody.Step: custody_words.STEPS,
    custody.Outcome: custody_words.OUTCOMES,
    custody.Recipient: custody_words.RECIPIENTS,
    custody.DisposalReason: custody_words.DISPOSAL_REASONS,
    custody.Check: custody_words.CHECKS,
    incidents.IncidentKind: incident_words.INCIDENTS,
    incidents.Part: incident_words.PARTS,
    incidents.Outcome: incident_words.OUTCOMES,
    incidents.AppealBy: incident_words.APPEAL_BY,
    incidents.AppealOutcome: incident_words.APPEALS,
    incidents.HazardKind: incident_words.HAZARDS,
    incidents.HazardAction: incident_words.ACTIONS,
    incidents.KeyReason: incident_words.KEY_REASONS,
    incidents.Authority: incident_words.AUTHORITIES,
    incidents.LegalBasis: incident_words.LEGAL_BASES,
    incidents.Asked: incident_words.ASKED,
    attention.Limit: loan_words.LIMITS,
    loans.Condition: loan_words.CONDITIONS,
    loans.RetiredWhy: loan_words.RETIRED,
    loans.StockWhy: loan_words.STOCK,
    loans.OverLimit: loan_words.OVER_LIMIT,
    loans.MovementKind: loan_words.MOVEMENTS,
    loans.MovementState: loan_words.MOVEMENT_STATES,
    loans.ReminderKind: loan_words.LOAN_STATES,
    loans.Told: loan_words.TOLD,
    loans.LeftWhy: loan_words.LEFT_WHY,
    loans.ProjectKind: loan_words.PROJECTS,
    loans.DroppedWhy: loan_words.DROPPED,
    loans.Outcome: loan_words.OUTCOMES,
    loans.ActionKind: loan_words.ACTIONS,
    loans.Presence: loan_words.PRESENCES,
    loan_states.LoanState: loan_words.LOAN_STATES,
    roles.Role: locker_words.ROLES,
    works.Reason: locker_words.WORKS,
    locker_schemas.OpenReason: web.OPEN_REASONS,
    luggage.DeskService: luggage_words.SERVICES,
    money.Kind: luggage_words.KINDS,
    money.Movement: luggage_words.MOVEMENTS,
    money.Means: luggage_words.MEANS,
    money.ForgivenReason: luggage_words.FORGIVEN,
    period.Cohort: wording.COHORTS,
    schemes.Service: scheme_words.SERVICES,
    schemes.Every: contract_words.EVERY,
}
# What no screen shows: parameters of addresses, rights, and how software speaks to itself.
NEVER_SHOWN = {"gateway.care.standing_api.Which", "gateway.reports.scope.Kind", "gateway.staff.rights.Right"}


def codes() -> Iterator[type[StrEnum]]:
    for found in pkgutil.walk_packages(gateway.__path__, "gateway."):
        if ".migrations" not in found.name and not found.name.endswith("__main__"):
            for value in vars(import_module(found.name)).values():
                if isinstance(value, type) and issubclass(value, StrEnum) and value.__module__ == found.name:
                    yield value


@cache
def catalog(language: str) -> set[str]:
    """What is translated; a word may be the same in two languages."""
    with (LOCALE_DIR / f"{language}.po").open("rb") as source:
        return {str(message.id) for message in read_po(source, locale=language) if message.string}


def messages(word: Any) -> list[str]:
    """The messages of a word, whether it comes with an icon, an explanation, or alone."""
    if isinstance(word, web.Word):
        return [word.text]
    return [part for part in ([word] if isinstance(word, str) else word) if part]


def test_every_list_of_codes_has_its_words() -> None:
    named = {f"{one.__module__}.{one.__qualname__}" for one in codes()}
    assert named - NEVER_SHOWN == {f"{one.__module__}.{one.__qualname__}" for one in WORDS}


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: f"{kind.__module__.removeprefix('gateway.')}.{kind.__name__}")
def test_every_code_is_said_in_three_languages(kind: type[StrEnum]) -> None:
    for code in kind:
        for message in messages(WORDS[kind][code.value]):
            lacking = [language for language in ("fr", "pt") if message not in catalog(language)]
            assert lacking == [], f"{kind.__name__}.{code}: {message!r}"
