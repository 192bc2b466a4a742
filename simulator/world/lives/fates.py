"""What befalls people, as staff write it down: absences and returns, deaths and mistaken reports of them."""

from random import Random

from gateway.contracts import away, codes, deaths
from simulator.world.lives.begun import begun
from simulator.world.lives.calendar import day_of, days_on
from simulator.world.lives.deciding import Deciding
from simulator.world.lives.office import Office
from simulator.world.lives.pacts import Life, Pact
from simulator.world.lives.records import Someone

_OPENS = (Life.UPCOMING, Life.ACTIVE, Life.SUSPENDED, Life.ENDING)


class Fates:
    """Each concerns a person, on all of their contracts."""

    def __init__(self, office: Office, chance: Random, deciding: Deciding) -> None:
        self._office = office
        self._records = office.records
        self._chance = chance
        self._deciding = deciding

    def leave(self, who: str, someone: Someone) -> str:
        """They are in hospital, in prison, with their family."""
        kind = self._chance.choice(list(codes.AbsenceKind)).value
        today = day_of(self._office.gateway.now())
        expected = days_on(today, self._chance.randint(1, 30)) if self._chance.random() < 0.6 else None

        def done(_: object, at: int) -> None:
            someone.away = True
            self._wait_for(someone, who, at)

        return self._office.act(
            who, "away",
            lambda session, at: away.leave(
                session, someone.id, kind=kind, from_on=today, expected_on=expected, actor=who, now=at
            ),
            done,
        )  # fmt: skip

    def back(self, who: str, someone: Someone) -> str:
        """They are back."""

        def done(_: object, at: int) -> None:
            someone.away = False
            for pact in self._open(someone, at):
                if not any(self._records.people[one].away for one in pact.people(at)):
                    pact.go_on(at)
                    pact.decided(at, who, "back")

        return self._office.act(
            who, "back", lambda session, at: away.back(session, someone.id, actor=who, now=at), done
        )  # fmt: skip

    def died(self, who: str, someone: Someone) -> str:
        """Their death is reported."""

        def done(_: object, at: int) -> None:
            someone.was_away, someone.died, someone.away = someone.away, True, False
            for pact in self._theirs(someone, at):
                self._end(pact, someone, who, at)

        return self._office.act(
            who, "died", lambda session, at: deaths.record(session, someone.id, actor=who, now=at), done
        )  # fmt: skip

    def alive(self, who: str, someone: Someone) -> str:
        """It was a mistake."""

        def done(_: object, at: int) -> None:
            someone.died, someone.away = False, someone.away or someone.was_away
            for pact in self._theirs(someone, at):
                if pact.frozen_at is not None:
                    pact.thaw(at)
                    self._records.settle(pact, at)
                    pact.decided(at, who, "alive")
            if someone.away:
                self._wait_for(someone, who, at)

        outcome = self._office.act(
            who, "alive", lambda session, at: deaths.withdraw(session, someone.id, actor=who, now=at), done
        )  # fmt: skip
        if outcome == "transition":
            self._office.violated("decisions", f"the mistaken death of {someone.id} cannot be taken back")
        return outcome

    def _wait_for(self, someone: Someone, who: str, at: int) -> None:
        for pact in self._open(someone, at):
            pact.stop()
            pact.decided(at, who, "away")

    def _end(self, pact: Pact, someone: Someone, who: str, at: int) -> None:
        if pact.state(at) is Life.ENDED or pact.frozen_at is not None:
            return
        if len(pact.people(at)) > 1:
            self._deciding.parted(pact, someone.id, at)
            pact.decided(at, who, "part")
            return
        pact.begin(at, begun(self._office, pact, at))
        if pact.state(at) in (Life.DRAFT, Life.UPCOMING):
            pact.end(at, None)
            pact.say_how({"death"}, "circumstances", "died", "unknown")
            action, reason = "end", "death"
        else:
            pact.freeze(at)
            action, reason = "died", None
        pact.decided(at, who, action, reason)

    def _theirs(self, someone: Someone, at: int) -> list[Pact]:
        return [pact for pact in someone.pacts if someone.id in pact.people(at)]

    def _open(self, someone: Someone, at: int) -> list[Pact]:
        return [pact for pact in self._theirs(someone, at) if pact.state(at) in _OPENS and pact.frozen_at is None]
