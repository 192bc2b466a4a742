"""One table says what each role may do, and it covers every address of pages and API."""

import pytest

from gateway.app import API_FEATURES
from gateway.staff import addresses, rights
from gateway.staff.rights import Right
from gateway.staff.service import ROLES
from gateway.web.install import PAGES

PUBLIC = {"GET /sign-in", "POST /sign-in", "POST /sign-out", "POST /language"}
ADDRESSES = sorted(
    f"{method} {prefix}{route.path}"
    for prefix, modules in (("/api/v1", API_FEATURES), ("", PAGES))
    for module in modules
    for route in module.router.routes
    for method in route.methods
)


@pytest.mark.parametrize("address", [line for line in ADDRESSES if line not in PUBLIC])
def test_every_address_has_its_right_in_the_table(address: str) -> None:
    method, path = address.split(" ")
    assert addresses.asked(method, path.replace("{", "x-").replace("}", "")) is not None


def test_what_nobody_has_decided_is_open_to_nobody() -> None:
    assert not any(addresses.may_go(role, "POST", "/api/v1/people/1/erase") for role in ROLES)
    assert not any(addresses.may_go("cook", *line.split(" ")) for line in ADDRESSES)


def test_every_role_is_in_the_table_and_an_operator_may_do_everything() -> None:
    assert set(rights.RIGHTS) == set(ROLES)
    assert rights.RIGHTS["operator"] == frozenset(Right)


@pytest.mark.parametrize(
    ("role", "method", "path", "allowed"),
    [
        ("volunteer", "POST", "/lockers/montreuil-1/4/open", True),
        ("volunteer", "POST", "/api/v1/badges/b/revoke", True),
        ("volunteer", "POST", "/api/v1/contracts/c/suspend", False),
        ("volunteer", "POST", "/contracts/c/end", False),
        ("volunteer", "POST", "/handover", False),
        ("volunteer", "GET", "/api/v1/events", False),
        ("volunteer", "POST", "/blocks/montreuil-1/reconcile", False),
        ("technician", "GET", "/", True),
        ("technician", "POST", "/lockers/montreuil-1/4/open", True),
        ("technician", "GET", "/people/p", False),
        ("technician", "GET", "/live/person/p", False),
        ("technician", "GET", "/api/v1/people", False),
        ("technician", "HEAD", "/api/v1/people", False),
        ("technician", "POST", "/api/v1/people/search", False),
        ("volunteer", "POST", "/api/v1/people/search", True),
        ("technician", "POST", "/badges/b/revoke", False),
        ("librarian", "POST", "/api/v1/tool-libraries/l/loans", True),
        ("librarian", "POST", "/tools/loans/l/back", True),
        ("librarian", "GET", "/people/p", False),
        ("librarian", "GET", "/api/v1/tool-libraries/l/projects", False),
        ("librarian", "POST", "/lockers/montreuil-1/4/open", False),
        ("worker", "POST", "/api/v1/contracts", True),
        ("worker", "POST", "/people/new", True),
        ("worker", "POST", "/blocks/montreuil-1/reconcile", True),
    ],
)
def test_a_role_may_do_what_it_is_for_and_no_more(role: str, method: str, path: str, allowed: bool) -> None:
    assert addresses.may_go(role, method, path) is allowed


def test_an_exact_address_wins_over_a_pattern() -> None:
    # /people/new and /people/search fit /people/{person_id} too.
    assert addresses.asked("GET", "/people/new") is Right.CONTRACTS
    assert addresses.asked("GET", "/people/search") is Right.SEE_PEOPLE
