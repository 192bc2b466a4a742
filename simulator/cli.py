"""The command `casier-sim`: simulated banks on this machine, for technicians and for the demo."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gateway.errors import GatewayError
from simulator.bank import SimulatedBank
from simulator.bench.server import PORT_VARIABLE, listen, serve
from simulator.bench.world import World
from simulator.errors import SimulatorError
from simulator.every_device import EVERY_DEVICE
from simulator.scenario import LILLE, MONTREUIL, BankPlan, Places, controller_toml, read_plans

HOST = "127.0.0.1"
BROKER = ("127.0.0.1", 1883)
EXIT_CANNOT_START = 2
PLACES = ("port", "device", "bus", "alarm")  # the keys that say where a device stands; the others are on pins

app = typer.Typer(name="casier-sim", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def casier_sim() -> None:
    """Simulated banks: every pin and every serial byte, with no hardware."""


@app.command()
def bench(
    state: Annotated[Path, typer.Option(help="Folder for the serial ports and pins of the banks.")] = Path(".bench"),
    port: Annotated[int, typer.Option(envvar=PORT_VARIABLE, help="Port of the bench page.")] = 8081,
    banks: Annotated[Path | None, typer.Option(help="TOML file with [[banks]]; without it, the two examples.")] = None,
    people: Annotated[
        float | None, typer.Option(help="Somebody pushes each opened door shut after so many seconds.")
    ] = None,
    every_device: Annotated[
        bool, typer.Option("--every-device", help="One more example: a bank with every board and reader there is.")
    ] = False,
    pacing: Annotated[bool, typer.Option(help="Let serial bytes take their time on the wire.")] = True,
) -> None:
    """Run simulated banks and their bench page alone, for controllers that you start yourself."""
    try:
        plans = read_plans(banks) if banks else (MONTREUIL, LILLE)
        plans = (*plans, EVERY_DEVICE) if every_device else plans
        listening = listen(HOST, port)
    except SimulatorError as error:
        typer.echo(f"casier-sim: {error}", err=True)
        raise typer.Exit(EXIT_CANNOT_START) from error
    every = None if people is None else people * 1000
    simulated = [SimulatedBank(plan, Places(state, plan.name), pacing=pacing, closes_after_ms=every) for plan in plans]
    for bank in simulated:
        _introduce(bank.plan, bank.places)
    typer.echo(f"bench: http://{HOST}:{listening.getsockname()[1]}/  (Ctrl-C stops it)")
    asyncio.run(serve(World(simulated), listening))


@app.command()
def demo(
    state: Annotated[Path, typer.Option(help="Folder of the demo's state; it survives a restart.")] = Path(".demo"),
    gateway_port: Annotated[int, typer.Option(envvar="CASIER_GATEWAY_PORT", help="Port of the staff pages.")] = 8080,
    bench_port: Annotated[int, typer.Option(envvar=PORT_VARIABLE, help="Port of the bench page.")] = 8081,
    broker: Annotated[
        str | None, typer.Option(help="mosquitto or iotcore; the first one installed if not said.")
    ] = None,
) -> None:
    """Run a whole site with fictional people: broker, gateway, bench and two controllers."""
    from simulator.demo import Demo, run  # brings the whole gateway with it

    try:
        run(Demo(state, gateway_port, bench_port, broker, typer.echo))
    except (SimulatorError, GatewayError) as error:
        typer.echo(f"casier-sim: {error}", err=True)
        raise typer.Exit(EXIT_CANNOT_START) from error
    typer.echo("stopped")


@app.command(
    "world", add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def world(context: typer.Context) -> None:
    """Live whole towns through the faults of the field, in virtual time, seed by seed (--help says more)."""
    from simulator.world import command  # brings the whole gateway with it

    towns = typer.Typer(name="casier-sim world", add_completion=False, pretty_exceptions_enable=False)
    towns.command()(command.world)
    towns(args=context.args, prog_name="casier-sim world")


def _introduce(plan: BankPlan, places: Places) -> None:
    """Write the bank's configuration for a controller, and say where everything is."""
    config = places.folder / "bank.toml"
    places.folder.mkdir(parents=True, exist_ok=True)
    config.write_text(controller_toml(plan, places, data_dir=places.folder / "controller", broker=BROKER))
    environment = " ".join(f"{name}={value}" for name, value in places.environment().items())
    typer.echo(f"{plan.name}: {sum(1 for _ in plan.lockers())} lockers")
    for name, device in plan.devices().items():
        table = device.table(places)
        place = next((table[key] for key in PLACES if key in table), places.pins)
        typer.echo(f"  {name:<10} {device.driver:<14} {place}")
    typer.echo(f"  {'pins':<10} {'the Pi':<14} {places.pins}")
    typer.echo(f"  {'run':<10} {environment} casier-controller run --config {config}")


def main() -> None:
    """Entry point of the script."""
    app()
