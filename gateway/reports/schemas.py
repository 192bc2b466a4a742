"""What the API says of reports."""

from datetime import date

from pydantic import Field

from gateway.edge import Schema


class ScopeOut(Schema):
    """Something a report can be asked for."""

    reference: str = Field(examples=["site:0199f0c2-..."], description="the name to ask for")
    kind: str = Field(examples=["site"])
    name: str = Field(examples=["Montreuil"])
    zone: str = Field(examples=["Europe/Paris"], description="says when its days begin")


class ReportOut(Schema):
    """Figures with what they hold for; section -> figure or counted code -> number, null where nothing is known."""

    name: str
    first_day: date = Field(alias="from", serialization_alias="from")
    as_of: date = Field(description="the figures hold at the end of this day")
    zone: str
    cohort: str = Field(description="served: everyone with a contract on at least one day; started: stays begun then")
    months_of_care_of_the_ended: dict[str, int] = Field(
        description="whole months by pseudonym, never by name; empty where more than 500 stays ended"
    )
    figures: dict[str, dict[str, int | float | None]]
    definitions: dict[str, str] = Field(description="what the figures of a section mean")
