"""Languages of the staff web: English messages in the code, French and Portuguese in .po files read at start."""

import io
import re
from collections.abc import Mapping
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from babel import Locale, negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

LOCALE_DIR = Path(__file__).parent / "locale"
LANGUAGES: Mapping[str, str] = {"fr": "Français", "en": "English", "pt": "Português"}
DEFAULT_LANGUAGE = "fr"
LANGUAGE_COOKIE = "casier_language"


def N_(message: str) -> str:  # noqa: N802 (the name gettext tools look for)
    """Marks a message for the catalogs; it is translated where it is shown."""
    return message


@cache
def translations(language: str) -> NullTranslations:
    """The messages of a language, compiled in memory from its .po file: a clean clone needs no build step."""
    if language == "en":
        return NullTranslations()
    with (LOCALE_DIR / f"{language}.po").open("rb") as source:
        catalog = read_po(source, locale=language)
    if language == "fr":
        for message in catalog:
            texts = message.string
            message.string = french(texts) if isinstance(texts, str) else tuple(french(text) for text in texts or ())
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)


def french(text: str) -> str:
    """The text with the spaces and apostrophes of printed French: no line begins with a colon or a question mark."""
    text = re.sub(" (?=[;?!])", "\u202f", text)
    return re.sub("(?<=«) | (?=[:»])", "\u00a0", text).replace("'", "’")


@cache
def babel_locale(language: str) -> Locale:
    """The locale that dates and times are written in: British English, European Portuguese, French of France."""
    return Locale.parse({"en": "en_GB", "pt": "pt_PT", "fr": "fr_FR"}[language])


def choose_language(cookie: str | None, accept_language: str | None, otherwise: str = DEFAULT_LANGUAGE) -> str:
    """The language a person chose, else the best one their browser accepts, else `otherwise`."""
    if cookie is not None and cookie in LANGUAGES:
        return cookie
    return negotiate_locale(_accepted(accept_language or ""), list(LANGUAGES), sep="-") or otherwise


def _accepted(header: str) -> list[str]:
    """Language tags of an Accept-Language header, the most wanted first; what cannot be read is left out."""
    ranked: list[tuple[float, str]] = []
    for part in header[:500].split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            ranked.append((float(quality or 1), tag.strip()))
        except ValueError:
            continue
    ranked.sort(key=lambda entry: -entry[0])
    return [tag for quality, tag in ranked if quality > 0 and tag]
