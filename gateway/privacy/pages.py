"""Everything about one person on one page to read or print, and as a file to take away."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from gateway.privacy.export import Export, Row, export
from gateway.privacy.words import COLUMNS, SECTIONS
from gateway.web import formats
from gateway.web.i18n import N_
from gateway.web.visit import MemberVisit, Visit
from wire.hours import site_zone

router = APIRouter()
# They lead from row to row; to a reader they say nothing.
_POINTERS = ("id", "_id")


@dataclass(frozen=True)
class SectionShown:
    """One table: its rows as pairs of what and value."""

    title: str
    rows: Sequence[Sequence[tuple[str, str]]]


@router.get("/people/{person_id}/export")
def export_page(visit: MemberVisit, person_id: str) -> Response:
    """To read, print and hand over. Raises NotFoundError with code `person`."""
    found = _made(visit, person_id)
    sections = [_section(visit, SECTIONS.get(name, name), rows) for name, rows in found.tables.items()]
    sections.append(_section(visit, N_("Opened from afar by staff"), found.openings))
    sections.append(_section(visit, N_("What staff did in this file"), found.actions))
    return visit.page(
        "privacy/export.html", area="people", organisation=found.organisation, made_at=found.made_at,
        sections=[section for section in sections if section.rows], back=f"/people/{person_id}",
        file=f"/people/{person_id}/export.json",
    )  # fmt: skip


@router.get("/people/{person_id}/export.json")
def export_file(visit: MemberVisit, person_id: str) -> Response:
    """The same for machines. Raises NotFoundError with code `person`."""
    content = json.loads(json.dumps(asdict(_made(visit, person_id)), default=dict))
    return JSONResponse(content, headers={"content-disposition": f'attachment; filename="{person_id}.json"'})


def _made(visit: MemberVisit, person_id: str) -> Export:
    with visit.database.writing() as session:
        return export(session, person_id, actor=visit.staff.staff_id, now=visit.now)


def _section(visit: Visit, title: str, rows: Sequence[Row]) -> SectionShown:
    return SectionShown(visit.say(title), [list(_shown(visit, row)) for row in rows])


def _shown(visit: Visit, row: Row) -> list[tuple[str, str]]:
    return [
        (visit.say(COLUMNS.get(name, name.replace("_", " "))), _text(visit, name, value))
        for name, value in row.items()
        if not name.endswith(_POINTERS) and value not in ("", [], {})
    ]


def _text(visit: Visit, name: str, value: object) -> str:
    if isinstance(value, bool):
        return visit.say(N_("yes") if value else N_("no"))
    if isinstance(value, int) and (name in ("at", "since") or name.endswith(("_at", "_since"))):
        return formats.moment(value, site_zone(visit.home), visit.language, visit.now)
    if isinstance(value, str) and name.endswith("_on"):
        return formats.day(datetime.fromisoformat(value).date(), site_zone(visit.home), visit.language)
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
