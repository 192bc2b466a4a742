"""Templates and static files keep to the content policy, and vendored files are the ones their checksums name."""

import hashlib
import re
from pathlib import Path

import pytest

from gateway.web.catalogs import GATEWAY_DIR
from gateway.web.rendering import STATIC_DIR, TEMPLATES_DIR, environment, static_url
from gateway.web.words import BADGE_STATES, CONTRACT_STATES, LOCKER_STATES, NAVIGATION

TEMPLATES = sorted(TEMPLATES_DIR.rglob("*.html"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(TEMPLATES_DIR)))
def test_no_template_has_inline_script_or_style_or_a_foreign_address(template):
    text = template.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|hx-on|javascript:", text)
    assert not re.search(r"(src|href|action)=\"(https?:)?//", text)
    assert "|safe" not in text.replace("'role=\"status\"'|safe", "")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(TEMPLATES_DIR)))
def test_every_form_that_changes_something_carries_its_token(template):
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", template.read_text(), re.S):
        assert "ui.guard(csrf)" in form or 'name="csrf"' in form


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(TEMPLATES_DIR)))
def test_every_template_compiles(template):
    environment("fr").get_template(str(template.relative_to(TEMPLATES_DIR)))


def test_every_icon_that_is_named_exists():
    drawn = set(re.findall(r"<symbol id=\"(\w+)\"", (STATIC_DIR / "icons.svg").read_text()))
    named = {word.icon for words in (LOCKER_STATES, CONTRACT_STATES, BADGE_STATES) for word in words.values()}
    named |= {icon for _name, _url, icon, _text in NAVIGATION}
    for template in TEMPLATES:
        named |= set(re.findall(r"icon\(\"(\w+)\"\)", template.read_text()))
        named |= set(re.findall(r"notice\(\"\w+\", \"(\w+)\"", template.read_text()))
    assert named <= drawn


@pytest.mark.parametrize("folder", [STATIC_DIR, GATEWAY_DIR.parent / "tests/e2e/web/vendor"])
def test_vendored_files_are_those_their_checksums_name_and_have_a_licence(folder: Path):
    lines = (folder / "SHA256SUMS").read_text().split("\n")
    sums = {name: digest for digest, name in (line.split() for line in lines if line)}
    assert sums
    for name, digest in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name
    assert len(list(folder.glob("*.LICENSE"))) >= 1


def test_a_static_address_changes_with_the_content():
    assert re.fullmatch(r"/static/base\.css\?v=[0-9a-f]{12}", static_url("base.css"))
