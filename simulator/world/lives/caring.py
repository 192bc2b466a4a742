"""What workers write down of their care: contacts, support, steps and their results."""

from random import Random

from gateway.care import contacts, progress, support
from gateway.care.codes import ContactKind, Place, StepResult, SupportKind, Topic
from simulator.world.lives.office import Office
from simulator.world.lives.records import Act, Agreed, Someone


class Caring:
    """Each is one line in a person's file."""

    def __init__(self, office: Office, chance: Random) -> None:
        self._office = office
        self._records = office.records
        self._chance = chance

    def contact(self, who: str, someone: Someone) -> str:
        """Met, phoned, seen, looked for."""
        kind, place = self._chance.choice(list(ContactKind)), self._chance.choice(list(Place))
        return self._office.act(
            who, "contact",
            lambda session, at: contacts.log_contact(session, someone.id, kind=kind, place=place, actor=who, now=at),
            lambda _, at: self._records.contacts.append(Act(someone.id, kind.value, at)),
        )  # fmt: skip

    def support(self, who: str, someone: Someone) -> str:
        """Something was given."""
        kind = self._chance.choice(list(SupportKind))
        return self._office.act(
            who, "support",
            lambda session, at: support.record_support(session, someone.id, kind, actor=who, now=at),
            lambda _, at: self._records.supports.append(Act(someone.id, kind.value, at)),
        )  # fmt: skip

    def step(self, who: str, someone: Someone) -> str:
        """A step is agreed, or the one that is under way has its result."""
        open_one = next(
            (one for one in self._records.steps if one.person == someone.id and one.closed_at is None), None
        )
        if open_one is not None and self._chance.random() < 0.7:
            return self._close(who, open_one)
        topic = self._chance.choice(list(Topic))
        return self._office.act(
            who, "agree",
            lambda session, at: progress.agree_step(session, someone.id, topic=topic, actor=who, now=at).id,
            lambda made, at: self._records.steps.append(Agreed(made, someone.id, topic.value, at)),
        )  # fmt: skip

    def _close(self, who: str, step: Agreed) -> str:
        result = self._chance.choice([one for one in StepResult if one is not StepResult.UNDER_WAY])

        def done(_: object, at: int) -> None:
            step.closed_at, step.result = at, result.value

        return self._office.act(
            who, "close_step",
            lambda session, at: progress.close_step(session, step.id, result, actor=who, now=at), done,
        )  # fmt: skip
