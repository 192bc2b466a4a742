"""Who may do what: the one table of roles, and the right that each address of pages and API asks for.

What is not in the table is refused, so that a new address opens nothing until someone has decided.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache

from gateway.errors import ForbiddenError


class Right(StrEnum):
    """What an account may be allowed to do."""

    SEE_LOCKERS = "see_lockers"
    SEE_PEOPLE = "see_people"
    OPEN = "open"
    SERVICE = "service"
    BADGES = "badges"
    CONTRACTS = "contracts"
    RECONCILE = "reconcile"
    SEE_EVENTS = "see_events"
    REPORT_CASES = "report_cases"
    CASES = "cases"
    POLICE = "police"
    PLACES = "places"
    ALERTS = "alerts"
    EXPORT = "export"
    SEE_OPENINGS = "see_openings"
    KEEPING = "keeping"
    LOG_CARE = "log_care"
    CARE = "care"
    DESK = "desk"
    SAFEKEEPING = "safekeeping"
    SEE_REPORTS = "see_reports"
    LEND = "lend"


_DESK = frozenset(
    {Right.SEE_LOCKERS, Right.SEE_PEOPLE, Right.OPEN, Right.BADGES, Right.LOG_CARE, Right.REPORT_CASES, Right.DESK}
)
RIGHTS: Mapping[str, frozenset[Right]] = {
    # At the desk: recognises people, opens for them, replaces a lost badge; decides nothing about contracts.
    "volunteer": _DESK,
    # At the doors: sees lockers and blocks and opens for maintenance; never a name.
    "technician": frozenset({Right.SEE_LOCKERS, Right.OPEN, Right.SERVICE, Right.REPORT_CASES}),
    # Lends tools: sees the members of the tool library by name, and nobody's file.
    "librarian": frozenset({Right.SEE_LOCKERS, Right.LEND}),
    "worker": _DESK
    | {
        Right.SERVICE,
        Right.LEND,
        Right.SAFEKEEPING,
        Right.CONTRACTS,
        Right.RECONCILE,
        Right.SEE_EVENTS,
        Right.CARE,
        Right.CASES,
        Right.EXPORT,
        Right.SEE_OPENINGS,
        Right.SEE_REPORTS,
    },
    "operator": frozenset(Right),
}

_ASKED: Mapping[Right, Sequence[str]] = {
    Right.LEND: (
        "GET /tools",
        "GET /tools/{library_id}",
        "POST /tools/{library_id}/lend",
        "GET /tools/loans/{loan_id}",
        "POST /tools/loans/{loan_id}/{decision}",
        "GET /api/v1/tool-libraries/{library_id}/members",
        "GET /api/v1/tool-libraries/{library_id}/tools",
        "POST /api/v1/tool-libraries/{library_id}/tools",
        "POST /api/v1/tools/{tool_id}/condition",
        "POST /api/v1/tools/{tool_id}/retire",
        "GET /api/v1/tool-libraries/{library_id}/kits",
        "POST /api/v1/tool-libraries/{library_id}/kits",
        "POST /api/v1/kits/{kit_id}/retire",
        "GET /api/v1/tool-libraries/{library_id}/consumables",
        "POST /api/v1/tool-libraries/{library_id}/consumables",
        "POST /api/v1/consumables/{consumable_id}/moves",
        "GET /api/v1/tool-libraries/{library_id}/loans",
        "POST /api/v1/tool-libraries/{library_id}/loans",
        "GET /api/v1/loans/{loan_id}",
        "POST /api/v1/loans/{loan_id}/{decision}",
        "POST /api/v1/movements/{movement_id}/{decision}",
        "GET /api/v1/tool-libraries/{library_id}/reminders",
        "GET /api/v1/tool-libraries/{library_id}/attention",
        "GET /api/v1/tool-libraries/{library_id}/actions",
        "POST /api/v1/tool-libraries/{library_id}/actions",
        "POST /api/v1/actions/{action_id}/{decision}",
    ),
    Right.SEE_REPORTS: (
        "GET /reports",
        "GET /reports/{name}/{file}",
        "GET /api/v1/reports",
        "GET /api/v1/reports/{name}",
        "GET /api/v1/reports/{name}/{file}",
    ),
    Right.SEE_LOCKERS: (
        "GET /",
        "GET /lockers/{bank}/{number}",
        "GET /more",
        "GET /schemes",
        "GET /schemes/{scheme_id}",
        "GET /places",
        "GET /places/{bank}",
        "GET /places/{bank}/{number}",
        "GET /blocks",
        "GET /blocks/{bank}",
        "GET /controllers",
        "GET /commands/{command_id}",
        "POST /breaches/{event_id}/seen",
        "GET /live/wall",
        "GET /live/locker/{bank}/{number}",
        "GET /live/command/{command_id}",
        "GET /live/blocks",
        "GET /api/v1/lockers",
        "GET /api/v1/banks",
        "GET /api/v1/organisations",
        "GET /api/v1/sites",
        "GET /api/v1/banks/{bank}/roles",
        "GET /api/v1/banks/{bank}/allotments",
        "GET /api/v1/banks/{bank}/works",
        "GET /api/v1/scheme-templates",
        "GET /api/v1/schemes",
        "GET /api/v1/schemes/{scheme_id}",
        "GET /api/v1/commands/{command_id}",
    ),
    Right.SEE_PEOPLE: (
        "GET /people",
        "POST /people/search",
        "GET /people/search",
        "GET /people/{person_id}",
        "GET /live/person/{person_id}",
        "GET /api/v1/people",
        "GET /api/v1/people/{person_id}",
        "GET /api/v1/people/{person_id}/names",
        "GET /api/v1/contracts",
        "GET /api/v1/contracts/{contract_id}",
        "GET /api/v1/badges",
        "GET /api/v1/badges/{badge_id}",
        "GET /api/v1/people/{person_id}/warnings",
        "GET /api/v1/banks/{bank}/keys",
        "GET /api/v1/banks/{bank}/to-move",
    ),
    Right.OPEN: (
        "GET /lockers/{bank}/{number}/open",
        "POST /lockers/{bank}/{number}/open",
        "POST /api/v1/lockers/{bank}/{number}/open",
        "GET /lockers/{bank}/{number}/ready",
        "POST /lockers/{bank}/{number}/ready",
        "GET /api/v1/lockers/{bank}/{number}/readiness",
        "POST /api/v1/lockers/{bank}/{number}/checks",
    ),
    # It can keep a holder from their belongings for hours: not for whoever only opens.
    Right.SERVICE: (
        "GET /lockers/{bank}/{number}/service",
        "POST /lockers/{bank}/{number}/out-of-service",
        "POST /lockers/{bank}/{number}/in-service",
        "POST /api/v1/lockers/{bank}/{number}/out-of-service",
        "POST /api/v1/lockers/{bank}/{number}/in-service",
    ),
    Right.BADGES: (
        "GET /badges/{badge_id}/revoke",
        "POST /badges/{badge_id}/revoke",
        "GET /badges/{badge_id}/pin",
        "POST /badges/{badge_id}/pin",
        "GET /people/{person_id}/badge",
        "POST /people/{person_id}/badge",
        "POST /people/{person_id}/enrol",
        "GET /people/{person_id}/enrol/{command_id}",
        "POST /people/{person_id}/enrol/{command_id}",
        "GET /live/enrol/{person_id}/{command_id}",
        "POST /api/v1/badges",
        "POST /api/v1/badges/{badge_id}/give",
        "POST /api/v1/badges/{badge_id}/revoke",
        "POST /api/v1/badges/{badge_id}/pin",
        "GET /api/v1/badges/counts",
        "POST /api/v1/badges/assign",
        "POST /api/v1/badges/enrol",
        "POST /api/v1/badges/enrol/{command_id}",
        "POST /api/v1/badges/{badge_id}/replace",
        "POST /api/v1/keys/{key_id}/hand-over",
        "POST /api/v1/keys/{key_id}/take-back",
        "POST /api/v1/keys/{key_id}/lost",
        "POST /keys/{key_id}/{step}",
    ),
    Right.CONTRACTS: (
        "POST /api/v1/tool-libraries/{library_id}/members",
        "POST /api/v1/memberships/{membership_id}/{decision}",
        "GET /api/v1/tool-libraries/{library_id}/projects",
        "POST /api/v1/tool-libraries/{library_id}/projects",
        "GET /api/v1/tool-libraries/{library_id}/project-figures",
        "POST /api/v1/projects/{project_id}/{decision}",
        "GET /people/new",
        "POST /people/new",
        "GET /handover",
        "POST /handover",
        "GET /contracts/{contract_id}/{decision}",
        "POST /contracts/{contract_id}/{decision}",
        "GET /people/{person_id}/absence",
        "POST /people/{person_id}/absence",
        "POST /people/{person_id}/back",
        "GET /people/{person_id}/death",
        "POST /people/{person_id}/death",
        "POST /people/{person_id}/alive",
        "POST /api/v1/people",
        "POST /api/v1/people/{person_id}/names",
        "DELETE /api/v1/people/{person_id}/names/{name_id}",
        "POST /api/v1/contracts",
        "POST /api/v1/contracts/{contract_id}/{decision}",
        "GET /api/v1/contracts/{contract_id}/{decision}",
        "POST /api/v1/trusted/{trusted_id}/badge",
        "POST /api/v1/trusted/{trusted_id}/end",
        "POST /api/v1/notices/{notice_id}/give",
        "POST /api/v1/people/{person_id}/absence",
        "POST /api/v1/people/{person_id}/back",
        "POST /api/v1/people/{person_id}/death",
        "POST /api/v1/people/{person_id}/death/withdraw",
    ),
    Right.RECONCILE: (
        "GET /blocks/{bank}/reconcile",
        "POST /blocks/{bank}/ask",
        "POST /blocks/{bank}/reconcile",
        "GET /api/v1/banks/{bank}/reconciliation",
        "POST /api/v1/banks/{bank}/reconciliation",
        "POST /api/v1/banks/{bank}/reconcile",
    ),
    # A volunteer writes down what they saw or gave; what others wrote is for workers.
    Right.LOG_CARE: (
        "GET /people/{person_id}/contact",
        "POST /people/{person_id}/contact",
        "POST /api/v1/people/{person_id}/contacts",
        "POST /api/v1/people/{person_id}/supports",
    ),
    Right.CARE: (
        "GET /my-people",
        "GET /waiting",
        "GET /waiting/new",
        "POST /waiting",
        "GET /waiting/{entry_id}",
        "POST /waiting/{entry_id}/{step}",
        "POST /people/{person_id}/worker",
        "GET /api/v1/care",
        "GET /api/v1/people/{person_id}/care",
        "GET /api/v1/people/{person_id}/contacts",
        "GET /api/v1/people/{person_id}/supports",
        "GET /api/v1/people/{person_id}/steps",
        "POST /api/v1/people/{person_id}/steps",
        "GET /api/v1/people/{person_id}/wishes",
        "POST /api/v1/people/{person_id}/wishes",
        "GET /api/v1/people/{person_id}/snapshots",
        "POST /api/v1/people/{person_id}/snapshots",
        "GET /api/v1/people/{person_id}/reviews",
        "POST /api/v1/people/{person_id}/reviews",
        "POST /api/v1/people/{person_id}/reviews/decide",
        "POST /api/v1/people/{person_id}/worker",
        "POST /api/v1/people/{person_id}/cadence",
        "GET /api/v1/people/{person_id}/referrals",
        "POST /api/v1/people/{person_id}/referrals",
        "GET /api/v1/people/{person_id}/eligibility",
        "POST /api/v1/people/{person_id}/eligibility",
        "POST /api/v1/contacts/{contact_id}/withdraw",
        "POST /api/v1/supports/{support_id}/withdraw",
        "POST /api/v1/steps/{step_id}/close",
        "POST /api/v1/wishes/{wish_id}/end",
        "POST /api/v1/referrals/{referral_id}/close",
        "GET /api/v1/partners",
        "POST /api/v1/partners",
        "POST /api/v1/partners/{partner_id}/close",
        "GET /api/v1/waiting",
        "POST /api/v1/people/{person_id}/waiting",
        "POST /api/v1/waiting/{entry_id}/close",
        "POST /api/v1/waiting/{entry_id}/offers",
        "POST /api/v1/offers/{offer_id}/attempts",
        "POST /api/v1/offers/{offer_id}/close",
    ),
    Right.SEE_EVENTS: ("GET /api/v1/events",),
    Right.REPORT_CASES: (
        "GET /incidents/new",
        "POST /incidents",
        "POST /api/v1/incidents",
        "POST /api/v1/hazards",
        "POST /api/v1/override-uses",
    ),
    Right.CASES: (
        "GET /incidents",
        "GET /incidents/{incident_id}",
        "POST /incidents/{incident_id}/{step}",
        "POST /api/v1/incidents/{incident_id}/people",
        "GET /hazards",
        "POST /hazards",
        "GET /hazards/{hazard_id}",
        "GET /hazards/{hazard_id}/print",
        "POST /hazards/{hazard_id}/{step}",
        "GET /leaves",
        "POST /leaves",
        "POST /leaves/{leave_id}/stand-in",
        "POST /leaves/{leave_id}/cancel",
        "GET /api/v1/badges/{badge_id}/recognition",
        "GET /api/v1/incidents",
        "GET /api/v1/incidents/{incident_id}",
        "POST /api/v1/incidents/{incident_id}/close",
        "GET /api/v1/exclusions",
        "POST /api/v1/exclusions",
        "GET /api/v1/exclusions/{exclusion_id}",
        "POST /api/v1/exclusions/{exclusion_id}/lift",
        "POST /api/v1/exclusions/{exclusion_id}/appeal",
        "POST /api/v1/appeals/{appeal_id}/decide",
        "GET /api/v1/hazards",
        "POST /api/v1/hazards/{hazard_id}/inspect",
        "POST /api/v1/hazards/{hazard_id}/notice",
        "POST /api/v1/hazards/{hazard_id}/close",
        "GET /api/v1/override-uses",
        "GET /api/v1/forced-entries",
        "GET /api/v1/leaves",
        "POST /api/v1/leaves",
        "GET /api/v1/leaves/uncovered",
        "POST /api/v1/leaves/{leave_id}/stand-in",
        "POST /api/v1/leaves/{leave_id}/cancel",
        "GET /api/v1/stand-ins/{staff_id}",
    ),
    # What is handed to an authority is decided by whoever answers for the gateway.
    Right.POLICE: (
        "GET /api/v1/police-requests",
        "POST /api/v1/police-requests",
        "POST /api/v1/police-requests/{request_id}/decide",
        "POST /api/v1/police-requests/{request_id}/export",
    ),
    Right.PLACES: (
        "POST /schemes",
        "GET /schemes/{scheme_id}/terms",
        "POST /schemes/{scheme_id}/{step}",
        "POST /organisations",
        "POST /sites",
        "POST /blocks",
        "POST /places/{bank}/{step}",
        "POST /places/{bank}/{number}/{step}",
        "POST /api/v1/lockers/{bank}/{number}/tools",
        "DELETE /api/v1/lockers/{bank}/{number}/tools",
        "POST /api/v1/organisations",
        "POST /api/v1/sites",
        "POST /api/v1/banks",
        "POST /api/v1/banks/{bank}/lockers",
        "PUT /api/v1/lockers/{bank}/{number}/size",
        "PUT /api/v1/lockers/{bank}/{number}/lock",
        "POST /api/v1/lockers/{bank}/{number}/retire",
        "POST /api/v1/lockers/{bank}/{number}/keys",
        "POST /api/v1/keys/{key_id}/retire",
        "POST /api/v1/banks/{bank}/roles",
        "DELETE /api/v1/banks/{bank}/roles/{organisation_id}/{role}",
        "POST /api/v1/banks/{bank}/allotments",
        "POST /api/v1/banks/{bank}/allotments/{allotment_id}/take-back",
        "POST /api/v1/banks/{bank}/works",
        "POST /api/v1/banks/{bank}/works/{works_id}/end",
        "POST /api/v1/banks/{bank}/wind-down",
        "POST /api/v1/banks/{bank}/keep",
        "POST /api/v1/schemes",
        "PUT /api/v1/schemes/{scheme_id}/terms",
        "POST /api/v1/schemes/{scheme_id}/copy",
        "POST /api/v1/schemes/{scheme_id}/close",
        "POST /api/v1/schemes/{scheme_id}/bring-hours",
    ),
    Right.ALERTS: (
        "GET /alerts",
        "POST /alerts",
        "POST /alerts/{channel_id}/try",
        "POST /alerts/{channel_id}/disable",
        "GET /api/v1/alerts/channels",
        "POST /api/v1/alerts/channels",
        "POST /api/v1/alerts/channels/{channel_id}/disable",
        "POST /api/v1/alerts/channels/{channel_id}/try",
        "GET /api/v1/alerts/letters",
    ),
    Right.EXPORT: (
        "GET /people/{person_id}/export",
        "GET /people/{person_id}/export.json",
        "GET /api/v1/people/{person_id}/export",
    ),
    Right.SEE_OPENINGS: (
        "GET /openings",
        "POST /openings",
        "GET /openings/{request_id}",
        "POST /api/v1/openings",
        "GET /api/v1/openings/{request_id}",
    ),
    Right.KEEPING: (
        "GET /api/v1/privacy/due",
        "PUT /api/v1/privacy/terms/{organisation_id}",
    ),
    Right.DESK: (
        "GET /desk",
        "POST /desk/open",
        "POST /desk/close",
        "POST /desk/services",
        "POST /desk/services/{use_id}/undo",
        "GET /sheets/{contract_id}",
        "POST /sheets/{contract_id}/in",
        "POST /sheets/{contract_id}/out",
        "POST /sheets/{contract_id}/contribution",
        "POST /sheets/{contract_id}/receive",
        "POST /sheets/{contract_id}/waive",
        "GET /api/v1/sheets/{contract_id}",
        "POST /api/v1/luggage",
        "POST /api/v1/luggage/{luggage_id}/out",
        "GET /api/v1/shifts",
        "POST /api/v1/shifts",
        "GET /api/v1/shifts/{shift_id}",
        "POST /api/v1/shifts/{shift_id}/close",
        "POST /api/v1/service-uses",
        "POST /api/v1/service-uses/{use_id}/undo",
        "POST /api/v1/claims/contribution",
        "POST /api/v1/claims/{claim_id}/receive",
        "POST /api/v1/claims/{claim_id}/waive",
    ),
    # Belongings out of a locker, and money that is not a contribution: a worker's decisions, with their notes.
    Right.SAFEKEEPING: (
        "GET /safekeeping",
        "POST /safekeeping",
        "GET /safekeeping/{custody_id}",
        "POST /safekeeping/{custody_id}/{step}",
        "GET /api/v1/lockers/awaited",
        "GET /api/v1/custodies",
        "POST /api/v1/custodies",
        "GET /api/v1/custodies/{custody_id}",
        "POST /api/v1/custodies/{custody_id}/{step}",
        "POST /api/v1/custodies/{custody_id}/things/{thing_id}/{step}",
        "GET /api/v1/claims",
        "POST /api/v1/claims",
        "GET /api/v1/claims/{claim_id}",
        "POST /api/v1/claims/{claim_id}/refund",
        "POST /api/v1/claims/{claim_id}/forgive",
        "POST /api/v1/receipts/{movement_id}/void",
    ),
}


def may(role: str, right: Right) -> bool:
    """Whether the role has the right; an unknown role has none."""
    return right in RIGHTS.get(role, frozenset())


def may_go(role: str, method: str, path: str) -> bool:
    """Whether the role may use this address."""
    right = asked(method, path)
    return right is not None and may(role, right)


def require(role: str, method: str, path: str) -> None:
    """Raises ForbiddenError with code `role` unless the role may use this address."""
    if not may_go(role, method, path):
        raise ForbiddenError("role", f"an account with the role {role!r} may not do this: ask a worker or an operator")


def asked(method: str, path: str) -> Right | None:
    """The right that an address asks for; None if nobody has decided. The first line that fits counts."""
    wanted = f"{'GET' if method == 'HEAD' else method} {path.partition('?')[0]}"
    exact = _exact().get(wanted)
    if exact is not None:
        return exact
    return next((right for pattern, right in _patterns() if pattern.fullmatch(wanted)), None)


@cache
def _exact() -> Mapping[str, Right]:
    return {line: right for right, lines in _ASKED.items() for line in lines if "{" not in line}


@cache
def _patterns() -> Sequence[tuple[re.Pattern[str], Right]]:
    return [
        (re.compile(re.sub(r"\{\w+\}", "[^/]+", line)), right)
        for right, lines in _ASKED.items()
        for line in lines
        if "{" in line
    ]
