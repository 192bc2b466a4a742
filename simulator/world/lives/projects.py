"""What librarians do for members who work on their homes: asked for, measured, begun once the conditions are met, over.

Reports count the projects whose work has begun and was not given up. Everything is done at its own pace, from a stream
of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from sqlalchemy.orm import Session

from gateway.loans import conditions, projects
from gateway.loans.codes import DroppedWhy, Outcome, ProjectKind
from simulator.world.lives.calendar import DAY, day_of, days_on
from simulator.world.lives.lending import Project
from simulator.world.lives.librarian import Librarian
from simulator.world.lives.office import DONE, LATER, Office

_ASKED_DAYS_AGO = 20
_GOES_ON = 0.7
_PREPARED = 0.8


class Projects:
    """`workers`: by organisation. Members are those of the librarian's library."""

    def __init__(
        self, office: Office, chance: Random, librarian: Librarian, workers: Mapping[str, Sequence[str]],
        acts_a_day: float,
    ) -> None:  # fmt: skip
        self._office = office
        self._records = office.records
        self._chance = chance
        self._librarian = librarian
        self._workers = workers
        self._gap_ms = DAY / acts_a_day

    def live(self) -> None:
        """From now on."""
        self._office.later(max(2, round(self._chance.expovariate(1.0) * self._gap_ms)), self._turn)

    def _turn(self) -> str:
        self.go_on()
        self.live()
        return DONE

    def go_on(self) -> str:
        """A member asks for help with a work, or one that was asked for goes on."""
        library, members = self._librarian.library, [one for one in self._records.members if not one.lost]
        if library is None or not members:
            return "nothing"
        who = self._chance.choice(self._workers[library.organisation])
        running = [one for one in self._records.projects if not (one.lost or one.over)]
        if running and self._chance.random() < _GOES_ON:
            act = self._chance.choice((self._start, self._start, self._measure, self._finish, self._drop))
            return act(who, self._chance.choice(running))
        return self._ask(who)

    def _ask(self, who: str) -> str:
        member = self._chance.choice([one for one in self._records.members if not one.lost])
        asked_on = days_on(day_of(self._office.gateway.now()), -self._chance.randint(0, _ASKED_DAYS_AGO))
        kind, cost, surface = self._chance.choice(list(ProjectKind)), *self._measured()

        def do(session: Session, at: int) -> str:
            return projects.add_project(
                session, membership_id=member.id, kind=kind, title="a work", asked_on=asked_on, cost_cents=cost,
                surface_dm2=surface, actor=who, now=at,
            ).id  # fmt: skip

        def done(name: str, _: int) -> None:
            self._records.projects.append(Project(name, member, asked_on, cost, surface))

        return self._act(who, "project", DONE if member.ended_at is None else "left", do, done)

    def _measured(self) -> tuple[int | None, int | None]:
        """Its cost in cents and its surface in square decimetres; often nobody knows."""
        cost = self._chance.randint(0, 500_000) if self._chance.random() < 0.7 else None
        return cost, self._chance.randint(1, 9_000) if self._chance.random() < 0.7 else None

    def _measure(self, who: str, project: Project) -> str:
        cost, surface = self._measured()

        def done(_: Any, __: int) -> None:
            project.cost_cents, project.surface_dm2 = cost, surface

        def do(session: Session, at: int) -> object:
            return projects.measure(session, project.id, surface_dm2=surface, cost_cents=cost, actor=who, now=at)

        return self._act(who, "measure_project", DONE, do, done)

    def _start(self, who: str, project: Project) -> str:
        """On a day since it was asked for; now and then before everything is decided, which is refused."""
        today = day_of(self._office.gateway.now())
        on = days_on(project.asked_on, self._chance.randint(0, max(0, (today - project.asked_on).days)))
        prepared = self._chance.random() < _PREPARED

        def do(session: Session, at: int) -> object:
            found = projects.project_of(session, project.id)
            for one in found.membership.terms.conditions if prepared else ():
                conditions.decide(session, found.membership, found, one.code, Outcome.MET, actor=who, now=at)
            return projects.start(session, project.id, on=on, actor=who, now=at)

        def done(_: Any, __: int) -> None:
            project.started_on = project.started_on or on

        must = DONE if prepared or project.started_on is not None else "conditions"
        return self._act(who, "start_project", must, do, done)

    def _finish(self, who: str, project: Project) -> str:
        on = max(project.started_on or project.asked_on, day_of(self._office.gateway.now()))

        def done(_: Any, __: int) -> None:
            project.over = True

        def do(session: Session, at: int) -> object:
            return projects.finish(session, project.id, on=on, actor=who, now=at)

        return self._act(who, "finish_project", "not_started" if project.started_on is None else DONE, do, done)

    def _drop(self, who: str, project: Project) -> str:
        why = self._chance.choice(list(DroppedWhy))

        def done(_: Any, __: int) -> None:
            project.over = project.given_up = True

        def do(session: Session, at: int) -> object:
            return projects.drop(session, project.id, why=why, actor=who, now=at)

        return self._act(who, "drop_project", DONE, do, done)

    def _act(
        self, who: str, what: str, must: str, do: Callable[[Session, int], Any], done: Callable[[Any, int], None]
    ) -> str:
        outcome = self._office.act(who, what, do, done)
        if outcome not in (must, LATER) and not self._office.is_empty:
            self._office.violated("projects", f"{what} by {who} was {outcome}, and had to be {must}")
        return outcome
