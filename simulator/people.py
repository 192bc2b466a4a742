"""The fictional people of the demo: who holds which locker under what contract, and which badge lies on the bench."""

from dataclasses import dataclass
from typing import Literal

from simulator.scenario import BadgePlan

Standing = Literal["active", "ended", "tomorrow", "suspended", "grace", "revoked"]


@dataclass(frozen=True, slots=True)
class FictionalPerson:
    """One person of the demo; `label` names their badge on the bench, `standing` how their contract stands today."""

    label: str
    name: str
    bank: str
    locker: int
    badge: str
    standing: Standing = "active"
    language: str = "fr"

    @property
    def number(self) -> str:
        """The canonical badge number."""
        return f"em4100:{self.badge}"


MONTREUIL, LILLE = "montreuil-1", "lille-1"

PEOPLE = (
    FictionalPerson("valid", "Samira Haddad", MONTREUIL, 1, "62E3080001"),
    FictionalPerson("ended", "Luc Perrin", MONTREUIL, 2, "62E3080002", "ended"),
    FictionalPerson("tomorrow", "Ewa Nowak", MONTREUIL, 3, "62E3080003", "tomorrow", "en"),
    FictionalPerson("suspended", "Karim Messaoudi", MONTREUIL, 4, "62E3080004", "suspended"),
    FictionalPerson("grace", "Rosa Almeida", MONTREUIL, 5, "62E3080005", "grace", "pt"),
    FictionalPerson("revoked", "Jean-Pierre Colin", MONTREUIL, 6, "62E3080006", "revoked"),
    FictionalPerson("amina", "Amina Diallo", MONTREUIL, 7, "62E3080011"),
    FictionalPerson("bogdan", "Bogdan Ionescu", MONTREUIL, 8, "62E3080012", language="en"),
    FictionalPerson("celeste", "Céleste Moreau", MONTREUIL, 9, "62E3080013"),
    FictionalPerson("dawit", "Dawit Tesfaye", MONTREUIL, 10, "62E3080014", language="en"),
    FictionalPerson("elias", "Élias Fontaine", MONTREUIL, 12, "62E3080015"),
    FictionalPerson("fatou", "Fatou Sarr", MONTREUIL, 13, "62E3080016"),
    FictionalPerson("gil", "Gil Tavares", MONTREUIL, 15, "62E3080017", language="pt"),
    FictionalPerson("henri", "Henri Lambert", MONTREUIL, 16, "62E3080018"),
    FictionalPerson("valid", "Inès Caron", LILLE, 1, "0100070001"),
    FictionalPerson("suspended", "Jonas Weber", LILLE, 2, "0100070002", "suspended", "en"),
    FictionalPerson("grace", "Maria Lopes", LILLE, 3, "0100070003", "grace", "pt"),
    FictionalPerson("noor", "Noor Rahimi", LILLE, 4, "0100070004"),
)

# Badges that no gateway ever heard of: a transport card, say.
STRANGERS = {MONTREUIL: "62E30800FF", LILLE: "01000700FF"}

SITES = {MONTREUIL: "Montreuil", LILLE: "Lille"}
BLOCKS = {MONTREUIL: "Croix-de-Chavaux", LILLE: "Gare"}


def people_of(bank: str) -> tuple[FictionalPerson, ...]:
    """Those who hold, held or will hold a locker of this bank."""
    return tuple(person for person in PEOPLE if person.bank == bank)


def badges_of(bank: str) -> tuple[BadgePlan, ...]:
    """The tray of badges on the bench, the unknown one last."""
    known = [BadgePlan(each.label, each.badge, f"{each.name}, {each.locker}") for each in people_of(bank)]
    return (*known, BadgePlan("unknown", STRANGERS[bank]))
