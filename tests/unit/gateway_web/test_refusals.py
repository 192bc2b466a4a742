"""Whatever a service refuses on a page is told in the reader's words."""

import pytest

from gateway.errors import ConflictError, ForbiddenError, GatewayError, NotFoundError
from gateway.web.forms import Form
from gateway.web.refusals import REFUSALS, tell
from tests.unit.gateway_web.page_codes import Sources

# Told by their kind, or by a page of their own: see refusals.py and install.py.
BY_KIND = {"NotFoundError", "ForbiddenError", "SignInError", "NotReadyError", "SettingsError"}
NO_FORM_MEETS = {
    "after": "a link to the next lines: an error page",
    "form": "the form could not be read: an error page",
    "head": "the command `audit verify` gives it",
    "language": "pages give the reader's own",
    "lock": "pages give one of the two there are",
    "collect_days": "pages leave it to the contract's terms",
    "from_on": "pages suspend from now on",
    "conditions": "a loan for a project: pages plan none",
    "project": "a loan for a project: pages plan none",
    "project_over": "a loan for a project: pages plan none",
    "condition_not_met": "pages say of a condition that it is met, or why a person goes without",
    "error.code": "passes on what is raised elsewhere, or an order that no page can give",
    "holds": "kept_for_entitled, owner_away: both have words",
}


@pytest.fixture(scope="module")
def met() -> dict[str, set[str]]:
    return Sources().met_by_pages()


def test_every_code_that_a_form_can_be_refused_with_has_words(met: dict[str, set[str]]) -> None:
    wordless = {code for code, kinds in met.items() if kinds - BY_KIND and code not in REFUSALS}
    assert wordless - NO_FORM_MEETS.keys() == set(), "give them words in gateway/web/refusals.py, or say why not here"


def test_what_no_form_meets_is_still_there_and_has_no_words(met: dict[str, set[str]]) -> None:
    assert NO_FORM_MEETS.keys() <= met.keys()
    assert NO_FORM_MEETS.keys().isdisjoint(REFUSALS)


def test_the_sources_are_read_as_far_as_codes_are_passed_on(met: dict[str, set[str]]) -> None:
    assert met["not_told"] == {"ConflictError"}
    assert "InvalidError" in met["photographs_kept"], "a parameter of custody.service.checked_text"
    assert "InvalidError" in met["fetch"], "a parameter of contracts.codes.checked"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NotFoundError("nothing_such", "no such thing"), "It is not here any more. Load the page again."),
        (ForbiddenError("nothing_such", "not yours"), "Another organisation decides about this. Ask there."),
        (ConflictError("nothing_such", "as the service says"), "as the service says"),
    ],
)
def test_a_code_without_words_is_told_by_its_kind(error: GatewayError, said: str) -> None:
    form = Form()
    tell(form, error)
    assert form.errors == {"": said}
