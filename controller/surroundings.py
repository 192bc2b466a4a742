"""Everything outside a bank's own code: machine, disk, devices, connection. This machine's, or a simulated world's."""

from collections.abc import Callable

from msgspec import Struct

from controller.config import BankFile
from controller.connection import Connect
from controller.journal_threads import Threads, Workforce
from controller.journal_writer import Writer
from controller.machine import Machine, this_machine
from controller.mqtt_connection import MqttConnection
from controller.pace import PRODUCTION, Pace
from controller.runtime import BuildHardware
from controller.storage import MACHINE, Storage
from hw.assembly import build


class Surroundings(Struct, frozen=True):
    """What `assemble` joins to the core. Whoever makes other ones keeps every promise of the protocols."""

    machine: Machine
    storage: Storage = MACHINE
    workforce: Callable[[Writer], Workforce] = Threads
    build: BuildHardware = build
    connect: Connect = MqttConnection
    pace: Pace = PRODUCTION


def real(config: BankFile) -> Surroundings:
    """This machine, its disk, its devices and the broker."""
    return Surroundings(this_machine(config.time.system_clock))
