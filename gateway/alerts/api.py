"""Alert channels over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path

from gateway.alerts import delivery, sending, service
from gateway.alerts.schemas import ChannelIn, ChannelOut, LetterOut
from gateway.edge import PAGE, Caller, Db, Limit, Now, PageOut
from gateway.errors import InvalidError
from gateway.problems import responses

router = APIRouter(prefix="/alerts", tags=["alerts"])
ChannelId = Annotated[str, Path(max_length=36)]


@router.get("/channels", summary="Who is told")
def list_channels(database: Db, caller: Caller) -> PageOut[ChannelOut]:
    """All that are in use; the addresses are secrets and stay inside."""
    with database.reading() as session:
        found = service.list_channels(session, caller.organisation_id)
        return PageOut(items=[ChannelOut.model_validate(one) for one in found], next=None)


@router.post("/channels", status_code=201, summary="Someone else to tell", responses=responses(404))
def add_channel(database: Db, caller: Caller, now: Now, channel: ChannelIn) -> ChannelOut:
    """E-mail, SMS gateways and chats, by their apprise URL."""
    with database.writing() as session:
        service.require_site(session, caller.organisation_id, channel.site_id)
        added = service.add_channel(
            session,
            label=channel.label,
            address=channel.address,
            site_id=channel.site_id,
            kinds=channel.kinds,
            urgent=channel.urgent,
            quiet=(channel.quiet.from_minute, channel.quiet.until_minute) if channel.quiet else None,
            language=channel.language,
            zone=channel.zone,
            actor=caller.staff_id,
            now=now,
        )
        return ChannelOut.model_validate(added)


@router.post("/channels/{channel_id}/disable", summary="Nobody is told there any more", responses=responses(404))
def disable_channel(database: Db, caller: Caller, now: Now, channel_id: ChannelId) -> ChannelOut:
    """What is on its way there is not sent."""
    with database.writing() as session:
        service.require_site(session, caller.organisation_id, service.channel_of(session, channel_id).site_id)
        return ChannelOut.model_validate(service.disable_channel(session, channel_id, actor=caller.staff_id, now=now))


@router.post(
    "/channels/{channel_id}/try", status_code=204, summary="Send a message to try it", responses=responses(404)
)
def try_channel(database: Db, caller: Caller, channel_id: ChannelId) -> None:
    """Answers 422 with code `not_sent` if the service did not take it."""
    with database.reading() as session:
        channel = service.channel_of(session, channel_id)
        service.require_site(session, caller.organisation_id, channel.site_id)
    title, body = delivery.trial(channel.language)
    if not sending.send(channel.address, title, body):
        raise InvalidError("not_sent", "the service did not take the message: look at the address and its password")


@router.get("/letters", summary="What was told to whom, newest first")
def list_letters(database: Db, caller: Caller, limit: Limit = PAGE) -> PageOut[LetterOut]:
    """What is waiting, sent, given up, or not needed any more."""
    with database.reading() as session:
        items = [
            LetterOut(
                id=letter.id, channel_id=letter.channel_id, kind=alert.kind, site_id=alert.site_id,
                bank=alert.bank_id, locker=alert.locker, since=alert.since, state=letter.state,
                attempts=letter.attempts, due_at=letter.due_at, settled_at=letter.settled_at,
            )
            for letter, alert in delivery.recent(session, organisation_id=caller.organisation_id, limit=limit)
        ]  # fmt: skip
        return PageOut(items=items, next=None)
