"""Who is told of what: addresses are secrets, taken once and never shown again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from gateway.alerts import delivery, sending, service
from gateway.alerts.kinds import TITLES, URGENT, Kind
from gateway.alerts.models import AlertChannel
from gateway.alerts.runner import AlertRunner
from gateway.lockers.models import Site
from gateway.lockers.service import list_sites
from gateway.schemes.terms_form import clock
from gateway.web.forms import Form
from gateway.web.i18n import LANGUAGES, N_
from gateway.web.visit import Member, MemberVisit, PostedForm, Visit
from gateway.web.words import Word

router = APIRouter()
LETTERS_SHOWN = 30
STATES: Mapping[str, Word] = {
    "waiting": Word(N_("On its way"), "pending", "warm"),
    "sent": Word(N_("Sent"), "check", "good"),
    "given_up": Word(N_("Did not arrive"), "forced", "alarm"),
    "not_needed": Word(N_("Not needed any more"), "info", "still"),
}


@dataclass(frozen=True)
class ChannelShown:
    """One address with everything about it but itself; `kind` is its scheme, such as mailto."""

    id: str
    label: str
    kind: str
    site: str
    language: str
    told: Sequence[str]
    urgent: Sequence[str]
    quiet: tuple[str, str] | None


@dataclass(frozen=True)
class LetterShown:
    """One alert on its way to one address, or arrived there."""

    title: str
    to: str
    at: int
    state: Word


@router.get("/alerts")
def alerts_page(visit: MemberVisit) -> Response:
    """Who is told, and what was told lately."""
    values = {f"kind-{kind}": "yes" for kind in Kind} | {f"urgent-{kind}": "yes" for kind in URGENT}
    with visit.database.reading() as session:
        return _page(visit, session, Form({**values, "language": visit.language}))


@router.post("/alerts")
def add(posted: PostedForm) -> Response:
    """Someone else to tell."""
    form, visit = posted.form, posted.visit
    label, address, language = form.text("label"), form.text("address"), form.choice("language", list(LANGUAGES))
    kinds = [kind for kind in Kind if form.get(f"kind-{kind}")]
    if not kinds:
        form.error("kinds", N_("Choose at least one."))
    quiet = _quiet(form)

    def act(session: Session, now: int) -> str:
        site = form.get("site_id") or None
        service.require_site(session, visit.organisation_id, site)
        service.add_channel(
            session, label=label, address=address, site_id=site, kinds=kinds,
            urgent=[kind for kind in kinds if form.get(f"urgent-{kind}")], quiet=quiet, language=language,
            actor=visit.staff.staff_id, now=now,
        )  # fmt: skip
        return "/alerts?done=channel_added"

    # A secret is not sent back to the browser.
    return posted.act(act, lambda session, again: _page(visit, session, _without_address(again), 422))


@router.post("/alerts/{channel_id}/try")
def try_channel(posted: PostedForm, channel_id: str) -> Response:
    """Sends a message to try the address; no unit of work is open meanwhile. Raises NotFoundError (`channel`)."""
    visit = posted.visit
    with visit.database.reading() as session:
        channel = _own(visit, session, channel_id)
    if sending.send(channel.address, *delivery.trial(channel.language)):
        return RedirectResponse("/alerts?done=channel_tried", 303)
    posted.form.error("", N_("The service did not take the message: look at the address and its password."))
    with visit.database.reading() as session:
        return _page(visit, session, posted.form, 422)


@router.post("/alerts/{channel_id}/disable")
def disable(posted: PostedForm, channel_id: str) -> Response:
    """Nobody is told there any more. Raises NotFoundError (`channel`)."""
    visit = posted.visit

    def act(session: Session, now: int) -> str:
        _own(visit, session, channel_id)
        service.disable_channel(session, channel_id, actor=visit.staff.staff_id, now=now)
        return "/alerts?done=channel_disabled"

    return posted.act(act, lambda session, form: _page(visit, session, form, 422))


def failing_since(visit: Visit) -> int | None:
    """Since when some of what there may be to tell cannot be looked at, as far as this gateway looks."""
    runner: AlertRunner = visit.request.app.state.alerts
    return runner.failing_since


def _own(visit: Member, session: Session, channel_id: str) -> AlertChannel:
    channel = service.channel_of(session, channel_id)
    service.require_site(session, visit.organisation_id, channel.site_id)
    return channel


def _quiet(form: Form) -> tuple[int, int] | None:
    """None where both ends are empty."""
    if not form.get("quiet_from").strip() and not form.get("quiet_until").strip():
        return None
    return form.minute("quiet_from"), form.minute("quiet_until")


def _without_address(form: Form) -> Form:
    form.values.pop("address", None)
    return form


def _page(visit: Member, session: Session, form: Form, status: int = 200) -> Response:
    sites = {site.id: site for site in list_sites(session)}
    channels = service.list_channels(session, visit.organisation_id)
    return visit.page(
        "alerts/channels.html",
        area="more",
        status=status,
        form=form,
        failing_since=failing_since(visit),
        channels=[_shown(visit, channel, sites) for channel in channels],
        letters=_letters(visit, session, {channel.id: channel.label for channel in channels}),
        sites=[(one.id, one.name) for one in sites.values() if visit.organisation_id in (None, one.organisation_id)],
        every_site=visit.organisation_id is None,
        kinds=[(kind.value, text) for kind, text in TITLES.items()],
        languages_offered=list(LANGUAGES.items()),
    )


def _shown(visit: Visit, channel: AlertChannel, sites: Mapping[str, Site]) -> ChannelShown:
    site = sites.get(channel.site_id or "")
    quiet = None
    if channel.quiet_from is not None and channel.quiet_until is not None:
        quiet = clock(channel.quiet_from), clock(channel.quiet_until)
    return ChannelShown(
        id=channel.id,
        label=channel.label,
        kind=f"{channel.address.partition('://')[0]}://••••••",
        site=site.name if site else "",
        language=LANGUAGES.get(channel.language, channel.language),
        told=[visit.say(TITLES[Kind(kind)]) for kind in channel.kinds],
        urgent=[visit.say(TITLES[Kind(kind)]) for kind in channel.urgent if kind in channel.kinds],
        quiet=quiet,
    )


def _letters(visit: Visit, session: Session, labels: Mapping[str, str]) -> list[LetterShown]:
    """Those to addresses that are told no more are left out."""
    shown = []
    for letter, alert in delivery.recent(session, organisation_id=visit.organisation_id, limit=LETTERS_SHOWN):
        if letter.channel_id not in labels:
            continue
        title, _body = delivery.text_of(session, alert, visit.language, visit.now)
        at = letter.settled_at or letter.due_at
        shown.append(LetterShown(title, labels[letter.channel_id], at, STATES[letter.state]))
    return shown
