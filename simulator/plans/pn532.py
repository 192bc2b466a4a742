"""A PN532 in a bank's plan: any card's number, or DESFire cards that prove the site's key."""

from collections.abc import Callable, Sequence

import msgspec

from hw.frames.desfire import SiteKeys
from simulator.fittings import ReaderOnLine
from simulator.machine import Machine, simulated_key
from simulator.places import Places
from simulator.plans.badge import BadgePlan
from simulator.plans.base import ReaderPlan, Table
from simulator.readers.desfire_card import DesfireCard
from simulator.readers.pn532 import BAUD, Pn532

SEEDS = 1 << 32
MASTER_KEY = simulated_key("the master key of a simulated site")


class DesfirePlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The site's application on its cards; their keys are made from the simulator's own master key."""

    application: str = "3042F5"
    key_number: int = 1
    system_id: str = ""

    def card(self, number: str) -> DesfireCard:
        """The card of a badge such as `3042F5:04782E21801D80`, made out by this site."""
        application, _, uid = number.partition(":")
        site = SiteKeys(bytes.fromhex(application), self.key_number, MASTER_KEY, bytes.fromhex(self.system_id))
        key = site.card_key(bytes.fromhex(uid))
        return DesfireCard(bytes.fromhex(uid), {site.application: {self.key_number: key}})


class Pn532Plan(ReaderPlan, frozen=True, tag="pn532"):
    """A PN532 on a serial line; with `desfire` it takes only cards of the site."""

    line: str = "pn532"
    desfire: DesfirePlan | None = None

    @property
    def technologies(self) -> frozenset[str]:
        return frozenset({"iso14443a", "desfire"})

    def cable(self) -> str:
        return self.line

    def table(self, places: Places) -> Table:
        table: dict[str, object] = {"driver": self.driver, "port": str(places.line(self.line))}
        if self.desfire is not None:
            key_file = {"key_file": str(places.key(self.line))}
            table["desfire"] = {**msgspec.to_builtins(self.desfire), **key_file}
        return table

    def fit(self, machine: Machine, badges: Sequence[BadgePlan], on_frames: Callable[[], None]) -> ReaderOnLine:
        made_out = self.desfire or DesfirePlan()
        cards = {badge.number: made_out.card(badge.number) for badge in badges if badge.technology == "desfire"}
        machine.keys[machine.places.key(self.line)] = MASTER_KEY
        device = Pn532(cards, machine.random.randrange(SEEDS))
        return ReaderOnLine(device, machine.line(self.line, BAUD), on_frames)
