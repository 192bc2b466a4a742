"""Brings the .po files in line with the messages in templates and code: `python -m gateway.web.catalogs`.

Translations are kept, new messages are added empty, messages no longer used are dropped.
"""

from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from gateway.web.i18n import LANGUAGES, LOCALE_DIR

GATEWAY_DIR = Path(__file__).parent.parent
TRANSLATED = ("fr", "pt")
_METHODS = [("web/templates/**.html", "jinja2"), ("**.py", "python")]
_OPTIONS = {"web/templates/**.html": {"trimmed": "true", "silent": "false"}}
_KEYWORDS = {"N_": None, "say": None, "_": None, "gettext": None, "ngettext": (1, 2)}


def messages() -> Catalog:
    """Every message in the templates and the gateway's code, in English."""
    found = Catalog(charset="utf-8")
    extracted = extract_from_dir(GATEWAY_DIR, method_map=_METHODS, options_map=_OPTIONS, keywords=_KEYWORDS)
    for path, _line, message, _comments, context in sorted(extracted, key=lambda item: (item[0], item[1])):
        if message:
            found.add(message, locations=[(path, None)], context=context)  # type: ignore[list-item]
    return found


def catalog(language: str) -> Catalog:
    """The stored translations of a language; empty if there are none yet."""
    path = LOCALE_DIR / f"{language}.po"
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as source:
        return read_po(source, locale=language)


def update() -> None:
    """Rewrites each .po file from the messages found now."""
    template = messages()
    for language in TRANSLATED:
        known = catalog(language)
        known.update(template, no_fuzzy_matching=True)
        known.obsolete.clear()
        known.header_comment = f"# {LANGUAGES[language]}: the words of the staff web."
        known.project, known.version, known.fuzzy = "casier", "1", False
        # A fixed date: the files change only when a message does.
        known.creation_date = known.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
        with (LOCALE_DIR / f"{language}.po").open("wb") as target:
            write_po(target, known, width=120, omit_header=False, sort_output=False)


if __name__ == "__main__":
    update()
