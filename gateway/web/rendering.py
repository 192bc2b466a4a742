"""Templates to HTML: one Jinja environment per language, strict about missing values, escaping everything."""

import hashlib
import secrets
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from gateway.schemes.words import scheme_name
from gateway.web import formats, words
from gateway.web.i18n import LANGUAGES, translations

WEB_DIR = Path(__file__).parent
STATIC_DIR = WEB_DIR / "static"
TEMPLATES_DIR = WEB_DIR / "templates"


@cache
def static_url(name: str) -> str:
    """The address of a static file with its content's hash, so that browsers may keep it for good."""
    digest = hashlib.sha256((STATIC_DIR / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


@cache
def static_urls() -> frozenset[str]:
    """The addresses of the static files as they are now."""
    return frozenset(static_url(file.name) for file in STATIC_DIR.iterdir() if file.is_file())


@pass_context
def _moment(context: Context, instant: int, zone: ZoneInfo | None = None) -> str:
    return formats.moment(instant, zone or context["zone"], context["language"], context["now"])


@pass_context
def _when(context: Context, instant: int, *, dated: bool = False) -> str:
    return formats.when(instant, context["zone"], context["language"], None if dated else context["now"])


@pass_context
def _clock_time(context: Context, instant: int, zone: ZoneInfo | None = None) -> str:
    return formats.clock_time(instant, zone or context["zone"], context["language"])


@pass_context
def _day(context: Context, value: date | int, zone: ZoneInfo | None = None) -> str:
    return formats.day(value, zone or context["zone"], context["language"])


@cache
def environment(language: str) -> Environment:
    """The templates in one language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES_DIR),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,  # it would ask the disk for each tile of the wall
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(moment=_moment, when=_when, clock_time=_clock_time, day=_day, iso=formats.iso)
    made.filters["scheme"] = partial(scheme_name, say=translations(language).gettext)
    made.globals.update(
        static_url=static_url,
        language=language,
        languages=LANGUAGES,
        words=words,
        once=lambda: secrets.token_hex(16),
    )
    return made


def render(template: str, language: str, zone: ZoneInfo, now: int, **values: Any) -> str:
    """The HTML of a template; `now` is the instant that times are told relative to."""
    return environment(language).get_template(template).render(zone=zone, now=now, **values)
