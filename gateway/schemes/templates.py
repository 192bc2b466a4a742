"""Three schemes to begin with; an organisation takes one and makes the terms its own."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.errors import InvalidError
from gateway.schemes.calendar import Calendar
from gateway.schemes.codes import Every, Service
from gateway.schemes.terms import Condition, Contribution, LoanLimits, OpeningHours, Terms, Wording

_MORNING, _AFTERNOON = (9 * 60, 12 * 60), (14 * 60, 17 * 60)
_WEDNESDAY, _SATURDAY, _SUNDAY = 2, 5, 6


@dataclass(frozen=True)
class Template:
    """A kind of service with its usual name and terms."""

    service: Service
    name: Wording
    terms: Terms


SOLIDARITY_LOCKERS = Template(
    Service.LOCKERS,
    Wording(fr="Casiers solidaires", en="Solidarity lockers", pt="Cacifos solidários"),
    # Day and night, a meeting a week, a year at a time.
    Terms(),
)

LUGGAGE_ROOM = Template(
    Service.LUGGAGE,
    Wording(fr="Bagagerie", en="Luggage room", pt="Depósito de bagagens"),
    Terms(
        contact_days=None,
        no_news_days=30,
        term_months=12,
        contribution=Contribution(cents=300, every=Every.YEAR),
        hours=OpeningHours(days=(*[(_MORNING, _AFTERNOON)] * 5, (), ())),
        calendar=Calendar(weekly_off=(_SATURDAY, _SUNDAY)),
        conditions=(
            Condition(
                code="lives_here",
                text=Wording(fr="Vit dans la commune", en="Lives in the town", pt="Vive no concelho"),
                exceptions=("passing_through", "emergency"),
            ),
            Condition(
                code="under_way",
                text=Wording(
                    fr="Est dans une démarche d'insertion",
                    en="Is in a process of reintegration",
                    pt="Está num processo de inserção",
                ),
                exceptions=("emergency",),
            ),
            Condition(
                code="referred",
                text=Wording(
                    fr="Est orienté·e par un travailleur social",
                    en="Is referred by a social worker",
                    pt="Foi encaminhado/a por um técnico social",
                ),
                exceptions=("came_alone", "emergency"),
            ),
        ),
    ),
)

TOOL_LIBRARY = Template(
    Service.TOOLS,
    Wording(fr="Outilthèque", en="Tool library", pt="Biblioteca de ferramentas"),
    Terms(
        contact_days=None,
        no_news_days=60,
        term_months=12,
        # The work sites of four days: the week without Wednesday.
        calendar=Calendar(weekly_off=(_WEDNESDAY, _SATURDAY, _SUNDAY)),
        loans=LoanLimits(),
        conditions=(
            Condition(
                code="contract_signed",
                text=Wording(
                    fr="La famille a signé le contrat",
                    en="The family has signed the contract",
                    pt="A família assinou o contrato",
                ),
            ),
            Condition(
                code="furniture_cleared",
                text=Wording(
                    fr="Les meubles sont dégagés avant le chantier",
                    en="The furniture is cleared before the work",
                    pt="Os móveis são retirados antes da obra",
                ),
                exceptions=("health",),
            ),
        ),
    ),
)

TEMPLATES: Mapping[Service, Template] = {
    template.service: template for template in (SOLIDARITY_LOCKERS, LUGGAGE_ROOM, TOOL_LIBRARY)
}


def service_called(name: str) -> Service:
    """Raises InvalidError with code `service`."""
    if name not in set(Service):
        raise InvalidError("service", f"unknown service {name[:20]!r}; known: {', '.join(Service)}")
    return Service(name)
