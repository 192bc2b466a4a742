"""A problem that no field on the page shows is said above the form."""

import pytest

from gateway.web.forms import Form
from gateway.web.marks import unseen

MARK = '<p class="field__error" id="locker-error">Choose another locker.</p>'


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (MARK, []),
        ('<input type="hidden" name="locker">', ["locker"]),
        (f"<details><summary>More</summary>{MARK}</details>", ["locker"]),
        (f"<details open><summary>More</summary>{MARK}</details>", []),
        (f"<details open><details>{MARK}</details></details>", ["locker"]),
        (f"<details><details open>{MARK}</details></details>", ["locker"]),
        (f"<details>More</details>{MARK}", []),
    ],
)
def test_a_problem_is_unseen_where_no_field_shows_it_or_its_fold_is_closed(page: str, expected: list[str]) -> None:
    form = Form({"locker": "montreuil-1/3"})
    form.error("locker", "Choose another locker.")
    assert unseen(form, page) == expected
