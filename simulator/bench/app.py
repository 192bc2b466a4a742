"""The bench over HTTP: look at a bank, tap badges, move doors, switch faults, follow it live; and the page at `/`."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import Body, Depends, FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, Field

from simulator.bank import SimulatedBank
from simulator.bench.fault_groups import described, fault_groups
from simulator.bench.origin import is_foreign
from simulator.bench.picture import picture
from simulator.bench.problems import add_problems, problem
from simulator.bench.texts import LANGUAGES, language_of, texts
from simulator.bench.world import World

HERE = Path(__file__).parent
DEFAULT_BANK = "montreuil-1"
HELD_MS = 200  # a badge held for three or four frames
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Tap(BaseModel):
    """How long a badge is held to the reader."""

    held_ms: Annotated[int, Field(ge=1, le=120_000)] = HELD_MS


class FaultSwitch(BaseModel):
    """A fault switched on or off: for one door where it is a door's, for one device where several can have it."""

    on: bool
    number: int | None = None
    device: str | None = None


class InputSwitch(BaseModel):
    """Whether what an input watches for has happened."""

    active: bool


class Keys(BaseModel):
    """Keys pressed one after the other."""

    keys: Annotated[str, Field(min_length=1, max_length=32)]


def create_app(world: World) -> FastAPI:
    """The bench of `world`, which the caller starts and stops."""
    app = FastAPI(title="Casier bench", docs_url=None, redoc_url=None)
    add_problems(app)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")

    @app.middleware("http")
    async def secure(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        if is_foreign(request):
            return problem(403, "Not from here", "only the bench's own page, or a program, may change the bench")
        response = await call_next(request)
        response.headers.update(SECURITY_HEADERS)
        return response

    def chosen(bank: str = DEFAULT_BANK) -> SimulatedBank:
        return world.bank(bank)

    _add_views(app, world, chosen)
    _add_actions(app, world, chosen)
    _add_page(app, world)
    return app


def _add_views(app: FastAPI, world: World, chosen: Callable[..., SimulatedBank]) -> None:
    chosen_bank = Depends(chosen)

    @app.get("/api/banks")
    async def banks() -> dict[str, Any]:
        listed = [
            {"name": name, "title": bank.plan.title or name, "lockers": len(bank.doors)}
            for name, bank in world.banks.items()
        ]
        return {"banks": listed}

    @app.get("/api/bank")
    async def bank(bank: SimulatedBank = chosen_bank) -> dict[str, Any]:
        return picture(world, bank)

    @app.get("/api/faults")
    async def faults(request: Request, bank: SimulatedBank = chosen_bank, lang: str = "") -> dict[str, Any]:
        language = language_of(lang, request.headers.get("accept-language", "en"))
        return {"bank": bank.plan.name, "faults": [described(fault, language) for fault in world.faults(bank)]}

    @app.get("/api/stream", response_class=EventSourceResponse)
    async def stream(bank: SimulatedBank = chosen_bank) -> AsyncIterator[ServerSentEvent]:
        shown = ""
        async for _ in world.changes():
            now = json.dumps(picture(world, bank))
            if now != shown:
                shown = now
                yield ServerSentEvent(raw_data=now)


def _add_actions(app: FastAPI, world: World, chosen: Callable[..., SimulatedBank]) -> None:
    chosen_bank = Depends(chosen)

    @app.post("/api/badges/{label}/tap")
    async def tap(
        label: str,
        bank: SimulatedBank = chosen_bank,
        tapped: Annotated[Tap | None, Body()] = None,
        held_ms: Annotated[int | None, Query(ge=1, le=120_000)] = None,
        reader: str | None = None,
    ) -> dict[str, Any]:
        held = held_ms or (tapped or Tap()).held_ms
        bank.tap(label, held, reader)
        return {"badge": label, "held_ms": held}

    @app.post("/api/readers/{name}/keys")
    async def press(name: str, pressed: Keys, bank: SimulatedBank = chosen_bank) -> dict[str, Any]:
        bank.press(name, pressed.keys)
        return {"reader": name, "keys": len(pressed.keys)}

    @app.post("/api/doors/{number}/open")
    async def open_door(number: int, bank: SimulatedBank = chosen_bank) -> dict[str, Any]:
        bank.pull(number)
        return _door(bank, number)

    @app.post("/api/doors/{number}/close")
    async def close_door(number: int, bank: SimulatedBank = chosen_bank) -> dict[str, Any]:
        bank.push(number)
        return _door(bank, number)

    @app.post("/api/doors/{number}/force")
    async def force_door(number: int, bank: SimulatedBank = chosen_bank) -> dict[str, Any]:
        bank.force(number)
        return _door(bank, number)

    @app.post("/api/inputs/{name}")
    async def sense(name: str, switch: InputSwitch, bank: SimulatedBank = chosen_bank) -> dict[str, Any]:
        bank.sense(name, switch.active)
        return {"input": name, "active": switch.active}

    @app.post("/api/faults/{name}")
    async def fault(name: str, switch: FaultSwitch, bank: SimulatedBank = chosen_bank) -> dict[str, Any]:
        await world.set_fault(bank, name, switch.on, switch.number, switch.device)
        return {"bank": bank.plan.name, "name": name, "on": switch.on}


def _door(bank: SimulatedBank, number: int) -> dict[str, Any]:
    return {"number": number, "door": "open" if bank.door(number).open else "closed"}


def _add_page(app: FastAPI, world: World) -> None:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )

    @app.get("/", response_class=HTMLResponse)
    async def page(request: Request, bank: str = "", lang: str = "") -> HTMLResponse:
        shown = world.bank(bank or next(iter(world.banks), DEFAULT_BANK))
        language = language_of(lang, request.headers.get("accept-language", ""))
        html = environment.get_template("bench.html").render(
            picture=picture(world, shown),
            groups=fault_groups(world.faults(shown), (name for name, _ in shown.fittings()), language),
            banks=world.banks.values(),
            language=language,
            languages=LANGUAGES,
            t=texts(language),
        )
        return HTMLResponse(html, headers={"Content-Language": language, "Vary": "Accept-Language"})
