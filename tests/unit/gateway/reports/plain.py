"""Facts written down one by one, as people would, and what figures are calculated from: the same as columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np

from gateway.reports import facts
from gateway.reports.columns import DAY_MS, Texts, day_number, days, numbers, texts


class Agreement(NamedTuple):
    person: str
    starts_on: date
    ends_on: date
    reasons: tuple[str, ...] = ()
    decided_by: str | None = None
    destination: str | None = None
    stability: str | None = None


class Span(NamedTuple):
    locker: str
    from_at: int
    until_at: int | None = None


class Entry(NamedTuple):
    person: str
    question: str
    answer: str


class Act(NamedTuple):
    """So many `times`, all on that day."""

    person: str
    kind: str
    on: date
    times: int = 1


class Wait(NamedTuple):
    asked_on: date
    left_on: date | None = None
    outcome: str | None = None


@dataclass(frozen=True)
class Facts:
    agreements: Sequence[Agreement] = ()
    lockers: Sequence[Span] = ()
    held: Sequence[Span] = ()
    entries: Sequence[Entry] = ()
    supports: Sequence[Act] = ()
    contacts: Sequence[Act] = ()
    waits: Sequence[Wait] = ()
    codes: Mapping[str, str] = field(default_factory=dict)

    def columns(self) -> facts.Facts:
        known = Texts()
        return facts.Facts(
            texts=known,
            agreements=self._agreements(known),
            lockers=_spans(self.lockers),
            held=_spans(self.held),
            entries={
                question: facts.Answers(
                    texts((entry.person for entry in self.entries if entry.question == question), known),
                    texts((entry.answer for entry in self.entries if entry.question == question), known),
                )
                for question in {entry.question for entry in self.entries}
            },
            supports=_acts(self.supports, known),
            contacts=_acts(self.contacts, known),
            waits=facts.Waits(
                days(wait.asked_on for wait in self.waits),
                days(wait.left_on for wait in self.waits),
                texts((wait.outcome for wait in self.waits), known),
            ),
            codes={known[person]: code for person, code in self.codes.items()},
        )

    def _agreements(self, known: Texts) -> facts.Agreements:
        columns = zip(*self.agreements, strict=True) if self.agreements else [()] * 7
        person, starts, ends, reasons, decided, destination, stability = columns
        return facts.Agreements(
            texts(person, known), days(starts), days(ends), texts(decided, known), texts(destination, known),
            texts(stability, known),
            numbers(row for row, said in enumerate(reasons) for _reason in said),
            texts((reason for said in reasons for reason in said), known),
        )  # fmt: skip


def _spans(spans: Sequence[Span]) -> facts.Spans:
    return facts.Spans(numbers(span.from_at for span in spans), numbers(span.until_at for span in spans))


def _acts(acts: Sequence[Act], known: Texts) -> facts.Acts:
    """At noon of their day in UTC."""
    times = np.array([act.times for act in acts], np.int64)
    return facts.Acts(
        np.repeat(texts((act.person for act in acts), known), times),
        np.repeat(texts((act.kind for act in acts), known), times),
        np.repeat(numbers(day_number(act.on) * DAY_MS + DAY_MS // 2 for act in acts), times),
    )
