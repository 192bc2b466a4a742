"""The gateway as one application: picks the parts, joins them, starts and stops them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import structlog
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway import migrations
from gateway.access import api as access
from gateway.access.keystore import Keystore
from gateway.alerts import api as alert_channels
from gateway.alerts.desk import Desk
from gateway.alerts.guarded import Guarded
from gateway.alerts.occasions import OF_BLOCKS, Blocks
from gateway.alerts.runner import AlertRunner
from gateway.alerts.sending import send
from gateway.badges import api as badges
from gateway.badges import desk_api as badge_desk
from gateway.body_limit import BodyLimit
from gateway.care import api as care
from gateway.care import standing_api as care_standing
from gateway.care import waiting_api as waiting
from gateway.contracts import api as contracts
from gateway.contracts import people_api as contract_people
from gateway.custody import api as custody
from gateway.days import unix_ms
from gateway.db import Database, open_database
from gateway.edge import only_known_queries
from gateway.errors import NotReadyError
from gateway.events import api as events
from gateway.incidents import api as incidents
from gateway.incidents import doors_api as incident_doors
from gateway.incidents import requests_api as incident_requests
from gateway.link.connection import Tls
from gateway.link.service import Link
from gateway.loans import api as loans
from gateway.loans import catalogue_api as tools
from gateway.loans import project_api as projects
from gateway.lockers import api as lockers
from gateway.lockers import keys_api as keys
from gateway.lockers import places_api as places
from gateway.lockers import works_api as works
from gateway.luggage import api as luggage
from gateway.money import api as money
from gateway.people import api as people
from gateway.people import names_api
from gateway.privacy import api as privacy
from gateway.problems import install_problems, problem, responses
from gateway.reports import api as reports
from gateway.reports.ledger import KeptLedger
from gateway.schemes import api as schemes
from gateway.settings import Settings
from gateway.staff.attempts import Attempts
from gateway.web.install import install_web
from gateway.web.live import Wakeups

API_FEATURES = (
    lockers,
    contracts,
    contract_people,
    badge_desk,
    badges,
    people,
    names_api,
    loans,
    tools,
    projects,
    access,
    events,
    places,
    works,
    keys,
    schemes,
    alert_channels,
    privacy,
    custody,
    money,
    luggage,
    care,
    care_standing,
    waiting,
    incidents,
    incident_doors,
    incident_requests,
    reports,
)

log = structlog.get_logger("gateway.app")

_WARM_EVERY_S = 86_400.0


def mono_ms() -> int:
    """The monotonic clock."""
    return time.monotonic_ns() // 1_000_000


def create_app(settings: Settings, *, now: Callable[[], int] = unix_ms) -> FastAPI:
    """The application, its database migrated if it was empty, its keys made; the link starts with it.

    Raises NotReadyError (`migrations`, `keys`, `data_dir`, `database`), SettingsError (`database_url`).
    """
    app = FastAPI(
        title="Casier gateway",
        version="1",
        summary="Lockers, contracts, badges and what happened to them",
        lifespan=_lifespan,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    equip(app, settings, now=now)
    app.include_router(_api())
    app.include_router(_health())
    install_problems(app)
    install_web(app)
    app.add_middleware(BodyLimit)
    return app


def equip(app: FastAPI, settings: Settings, *, now: Callable[[], int]) -> None:
    """Puts what routes work with onto `app.state`, where they look at each request. Raises as create_app."""
    database = open_database(settings)
    try:
        migrations.require_migrated(database)
    except DBAPIError as error:
        raise NotReadyError("database", f"the database cannot be used: {error.orig}") from error
    keystore = Keystore(settings.data_dir)
    tls = Tls(*settings.tls) if settings.tls else None
    link = Link(database, keystore, now=now, mono_ms=mono_ms, client_id=settings.broker_client_id, tls=tls)
    wakeups = Wakeups()
    database.listeners.append(wakeups.heard)
    app.state.settings = settings
    app.state.database = database
    app.state.now = now
    app.state.keystore = keystore
    app.state.link = link
    app.state.presence = link.presence
    app.state.orders = link.orders
    app.state.attempts = Attempts()
    app.state.wakeups = wakeups
    app.state.ledger = KeptLedger(database)
    blocks = Guarded(Blocks(link.presence.heard).standing, OF_BLOCKS, name="blocks")
    app.state.alerts = AlertRunner(database, (blocks, Desk()), send, now)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state = app.state
    state.link.start(state.settings.broker_host, state.settings.broker_port)
    state.alerts.start()
    stopping = asyncio.Event()
    warming = asyncio.create_task(_keep_warm(state.ledger, stopping))
    try:
        yield
    finally:
        stopping.set()
        await warming
        await run_in_threadpool(state.alerts.stop)
        await run_in_threadpool(state.link.stop)
        state.database.close()


async def _keep_warm(ledger: KeptLedger, stopping: asyncio.Event, every_s: float = _WARM_EVERY_S) -> None:
    """At once and then daily, whatever went wrong before."""
    while not stopping.is_set():
        try:
            await run_in_threadpool(ledger.warm)
        except DBAPIError:
            log.exception("ledger_not_read")
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), every_s)


def _api() -> APIRouter:
    api = APIRouter(prefix="/api/v1", responses=responses(), dependencies=[Depends(only_known_queries)])
    for feature in API_FEATURES:
        api.include_router(feature.router)
    return api


def _health() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @router.get("/readyz")
    def readyz(request: Request) -> JSONResponse:
        """Database, migrations and broker, each by itself."""
        database: Database = request.app.state.database
        checks = {"database": _database_answers(database), "broker": request.app.state.link.is_connected}
        checks["migrations"] = checks["database"] and migrations.current(database) == migrations.head()
        if all(checks.values()):
            return JSONResponse({"status": "ok", "checks": checks})
        lacking = ", ".join(name for name, well in checks.items() if not well)
        return problem(503, "not_ready", f"not ready: {lacking}", checks=checks)

    return router


def _database_answers(database: Database) -> bool:
    try:
        with database.reading() as session:
            session.execute(text("SELECT 1"))
    except DBAPIError:
        return False
    return True
