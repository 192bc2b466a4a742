"""Reads what was done with people, who waits, and what was lent, as plain facts."""

from collections.abc import Mapping

import numpy as np

from gateway.imports.columns import ENTRY
from gateway.reports.columns import ABSENT, NO_TEXT, Marks, local_days, marked
from gateway.reports.facts import Acts, Answers, Loans, Projects, Steps, Waits
from gateway.reports.ledger import Ledger
from gateway.reports.period import Period
from gateway.reports.repository import Places, members_of
from gateway.reports.scope import Kind, Scope


def acts(ledger: Ledger, sheet: str) -> Acts:
    """Contacts or support acts of everyone."""
    every = ledger[sheet]
    some = every["withdrawn_at"] == ABSENT
    return Acts(every.owner[some], every["kind"][some], every["at"][some])


def entries(ledger: Ledger, period: Period) -> Mapping[str, Answers]:
    """What was known of everyone on entry, oldest first."""
    every = ledger["snapshot"]
    some = (every["moment"] == ledger.known["entry"]) & (every["at"] < period.until_at)
    found = {}
    for question in ENTRY:
        answered = some & (every[question] != NO_TEXT)
        found[question] = Answers(every.owner[answered], every[question][answered])
    return found


def steps(ledger: Ledger, period: Period) -> Steps:
    """Everyone's steps with their results by the period's end; later ones are not known yet then."""
    every = ledger["step"]
    known = every["closed_at"] < period.until_at
    return Steps(
        every.owner, every["topic"], np.where(known, every["result"], ledger.known["under_way"]), every["agreed_at"]
    )


def waits(ledger: Ledger, scope: Scope, places: Places, period: Period) -> Waits:
    """The waiting list; who named no site counts at every site of the scheme's organisation."""
    every = ledger["waiting_entry"]
    some = every["since"] < period.until_at
    if places.schemes is not None:
        of_scheme = places.schemes[every["scheme_id"]]
        at_site = (every["site_id"] == places.site) | ((every["site_id"] == NO_TEXT) & of_scheme)
        some &= at_site if scope.kind is Kind.SITE else of_scheme
    return Waits(
        local_days(scope.zone, every["since"][some]),
        local_days(scope.zone, every["closed_at"][some]),
        every["left_why"][some],
    )


def loans(ledger: Ledger, scope: Scope, places: Places) -> Loans:
    """Loans whose tools were taken."""
    every = ledger["loan"]
    some = _of_members(ledger, scope, places, "loan") & (every["taken_at"] != ABSENT)
    return Loans(every["taken_at"][some], every["due_at"][some], every["returned_at"][some])


def projects(ledger: Ledger, scope: Scope, places: Places) -> Projects:
    """Projects whose work has begun, and was not given up."""
    every = ledger["project"]
    some = _of_members(ledger, scope, places, "project") & (every["started_on"] != ABSENT)
    some &= every["cancelled_at"] == ABSENT
    return Projects(every["started_on"][some], every["cost_cents"][some], every["surface_dm2"][some])


def codes(ledger: Ledger) -> dict[int, str]:
    """What imported files called people; an erased file's code is empty."""
    every = ledger["imported_person"]
    coded = every["code"] != NO_TEXT
    known = ledger.known.known
    return {
        person: known[code]
        for person, code in zip(every.owner[coded].tolist(), every["code"][coded].tolist(), strict=True)
        if known[code]
    }


def _of_members(ledger: Ledger, scope: Scope, places: Places, sheet: str) -> Marks:
    members = ledger["membership"]
    return marked(len(ledger.known), members.owner[members_of(ledger, scope, places)])[ledger[sheet].owner]
