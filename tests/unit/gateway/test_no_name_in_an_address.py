"""Addresses stay in logs, proxies and browsers: no name, badge number or secret is a part of one.

What is asked for here by a word of its own is an id, a code, a day or a number. A new word is added only if it is, too.
"""

import re

from gateway.app import API_FEATURES
from gateway.web.install import PAGES
from gateway.web.rendering import TEMPLATES_DIR

GATEWAY = TEMPLATES_DIR.parents[1]
IN_QUERIES = frozenset({
    "after", "as_of", "bank", "block", "cohort", "contract", "day", "done", "entry", "first", "from", "in", "in_force",
    "kind", "last", "limit", "locker", "membership", "open", "organisation", "person", "present", "retired", "running",
    "scheme", "seen", "site", "staff", "state", "stock", "which", "worker",
})  # fmt: skip
IN_PATHS = frozenset({"bank", "number", "decision", "step", "role", "file"})
ROUTES = [
    (prefix + route.path, {field.alias for field in route.dependant.query_params})
    for prefix, modules in (("/api/v1", API_FEATURES), ("", PAGES))
    for module in modules
    for route in module.router.routes
]
TEMPLATES = sorted(TEMPLATES_DIR.rglob("*.html"))


def test_an_address_is_made_of_ids_codes_days_and_numbers() -> None:
    assert len(ROUTES) > 100
    for path, queries in ROUTES:
        assert queries <= IN_QUERIES, path
        # A report's name is that of a place.
        words = re.findall(r"\{(\w+)\}", path.replace("/reports/{name}", "/reports"))
        assert {word for word in words if not word.endswith("_id")} <= IN_PATHS, path


def test_a_form_that_goes_into_the_address_has_nothing_to_type_but_days() -> None:
    found = 0
    for template in TEMPLATES:
        text = template.read_text()
        assert "hx-get" not in text, template
        for opening, inside in re.findall(r"(<form[^>]*>)(.*?)</form>", text, re.S):
            if 'method="post"' in opening:
                continue
            found += 1
            assert set(re.findall(r"ui\.(\w+)\(", inside)) <= {"select", "field"}, template
            assert all('type="date"' in field for field in re.findall(r"ui\.field\(.*?\)\s*}}", inside)), template
            assert all('type="hidden"' in field for field in re.findall(r"<(?:input|textarea)[^>]*>", inside)), template
    assert found


def test_a_link_carries_ids_codes_days_and_numbers() -> None:
    found = set()
    for source in (*TEMPLATES, *GATEWAY.rglob("*.py")):
        asked = set(re.findall(r"[?&;]([a-z_]+)=\{", source.read_text()))
        asked -= {"v"} if source.name == "rendering.py" else set()
        assert asked <= IN_QUERIES, source
        found |= asked
    assert found
