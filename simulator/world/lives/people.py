"""The lives of people: they come once or twice a day, open their door, take their time, forget it, lose a badge."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, NamedTuple, Protocol

from controller.bay import State
from controller.inputs import Moment
from hw.ports import Signal
from simulator.world.controller import SimulatedController
from simulator.world.lives.calendar import DAY, HOUR, MINUTE, minute_of_week
from simulator.world.lives.office import Office
from simulator.world.lives.pacts import Life, Pact
from simulator.world.lives.records import Card, Someone

# Some lockers stand empty, between two contracts: so the 72 of a town are opened 72 times a day.
_NEXT_MS = (DAY * 55 // 100, DAY * 80 // 100)
_DWELL_MS = (4_000, 120_000)
_OPEN_AFTER_MS = 2_000
_AGAIN_MS = 10 * MINUTE
# Nobody knows why there is no light: they hold their badge to it once more.
_MISTYPED = 0.03
_TYPED = frozenset({"right", "wrong"})
_NO_LIGHT_MS = 4_000
# Someone whose contract is over still comes by, for a while.
_BACK_AT_MOST = 4
_FOR_TOOLS = 0.4
_OPEN = frozenset({Signal.GRANTED, Signal.MESSAGE_WAITING})
_OPENS = frozenset({Life.ACTIVE, Life.ENDING})


def until_open(at: int) -> int:
    """How long the luggage room is shut yet, ms: from Monday to Friday it opens at nine."""
    weekday, minute = minute_of_week(at)
    if weekday < 5 and 9 * 60 <= minute < 17 * 60:
        return 0
    days = 0 if weekday < 5 and minute < 9 * 60 else {4: 3, 5: 2}.get(weekday, 1)
    return days * DAY + (9 * 60 - minute) * MINUTE


def _where(someone: Someone, pact: Pact) -> str:
    """At their locker; whoever has borrowed tools is now and then where those are fetched and brought back."""
    places = [lent.holds[0].bank for lent in someone.lent if lent.holds]
    return places[-1] if places and someone.body.random() < _FOR_TOOLS else pact.present.bank


class Presented(NamedTuple):
    """A badge that was answered: by a controller that followed this list, at its own moment; and whether let in.

    `pin`: what was typed, `right` or `wrong`; or `asks` where a keypad works, nothing of theirs is being opened, and
    nothing was typed.
    """

    bank: str
    card: Card
    list_version: int
    moment: Moment
    let_in: bool
    pin: str = ""


class Judge(Protocol):
    """Who watches what becomes of people."""

    def presented(self, asked: Presented) -> None:
        """A badge is held to a reader, for the first time."""

    def answered(self, asked: Presented) -> None:
        """The light has told whether it is let in."""


class People:
    """`judge` hears of every badge that is presented, and of what the light says."""

    def __init__(self, office: Office, controllers: Mapping[str, SimulatedController], judge: Judge) -> None:
        self._office = office
        self._records = office.records
        self._controllers = controllers
        self._judge = judge
        self._loop = office.gateway.broker.loop
        self._counts = office.records.counts
        self._known = 0
        self.resting = False
        self.enrolling_until: dict[str, int] = {}
        self._shown: Signal | None = None
        self._at: str | None = None
        for controller in controllers.values():
            controller.devices.on_shown = self._hear(controller.name, controller.devices.on_shown)

    def live(self) -> None:
        """Everyone who is known lives; call again for those who came since."""
        everyone = list(self._records.people.values())
        for someone in everyone[self._known :]:
            self._loop.after(someone.body.randint(MINUTE, DAY), self._come, someone)
        self._known = len(everyone)

    def crowd(self, bank: str, count: int, within_ms: int, luck: Random) -> None:
        """So many of those who have a locker there come within so short a time, some of them twice."""
        now = self._loop.now_ms
        here = [
            (someone, card)
            for someone in self._records.people.values()
            if not someone.away and not someone.died and someone.pact is not None
            and someone.pact.present.bank == bank and someone.pact.state(now) in _OPENS
            for card in someone.cards if not card.lost and card.dead_at is None
        ]  # fmt: skip
        for _ in range(count if here else 0):
            someone, card = luck.choice(here)
            self._loop.after(luck.randint(0, within_ms), self._present, someone, card, bank)

    def show(self, visitor: Someone, card: Card, bank: str) -> None:
        """Somebody else who carries a badge holds it to the reader there."""
        self._present(visitor, card, bank)

    def _hear(self, bank: str, before: Callable[[str, Signal], None]) -> Callable[[str, Signal], None]:
        def shown(reader: str, signal: Signal) -> None:
            if self._at == bank and self._shown is None:
                self._shown = signal
            before(reader, signal)

        return shown

    def _come(self, someone: Someone) -> None:
        """They are at the lockers, and come again another day."""
        if self.resting:
            return
        body, pact = someone.body, someone.pact
        self._loop.after(body.randint(*_NEXT_MS), self._come, someone)
        if someone.away or someone.died or pact is None:
            return
        card = self._card(someone)
        if card is None or self._has_gone(someone, pact):
            return
        luck = body.random()
        bank = body.choice(list(self._controllers)) if luck < 0.01 else _where(someone, pact)
        if luck > 0.9995:
            self._force(pact)
            return
        if pact.service == "luggage" and body.random() < 0.95:
            wait_ms = until_open(self._loop.now_ms)
            if wait_ms:
                self._loop.after(wait_ms + body.randint(0, HOUR), self._present, someone, card, bank)
                return
        self._present(someone, card, bank)
        if 0.01 < luck < 0.03:
            self._loop.after(3_000, self._present, someone, card, bank)
        elif 0.03 < luck < 0.035:
            card.lost = True
            self._counts["badge_lost"] += 1
            self._loop.after(body.randint(HOUR, 2 * DAY), self._present, someone, card, bank)

    def _has_gone(self, someone: Someone, pact: Pact) -> bool:
        """Someone whose contract is over still comes by a few times."""
        if pact.state(self._loop.now_ms) is not Life.ENDED:
            someone.left = 0
            return False
        someone.left += 1
        return someone.left > _BACK_AT_MOST

    def _card(self, someone: Someone) -> Card | None:
        """One they have with them, now and then one that is dead; whom they trust uses theirs in their stead."""
        carried = [card for card in someone.cards if not card.lost]
        living = [card for card in carried if card.dead_at is None]
        if living and someone.body.random() < 0.97:
            return living[0] if len(living) == 1 else someone.body.choice(living)
        return someone.body.choice(carried) if carried else None

    def _present(self, someone: Someone, card: Card, bank: str, tries: int = 3, again: bool = False) -> None:
        """Hold the badge to the reader and see the light, which answers at once or not at all."""
        if self.resting:
            return
        if self._at is not None:
            self._loop.after(2, self._present, someone, card, bank, tries, again)
            return
        controller = self._controllers[bank]
        runtime = controller.runtime
        if runtime is None:
            self._counts["nobody_answers"] += 1
            if tries:
                self._loop.after(_AGAIN_MS, self._present, someone, card, bank, tries - 1, again)
            return
        self._take_time(someone, controller)
        self._at, self._shown = bank, None
        pin = "asks" if self._asks(someone, controller) else ""
        asked = Presented(bank, card, runtime.bank.list_version, runtime.now(), let_in=False, pin=pin)
        if not again and not self._enrols(bank):
            self._judge.presented(asked)
        controller.present(card.number)
        self._loop.after(1, self._answered, someone, asked, tries)

    def _answered(self, someone: Someone, asked: Presented, tries: int) -> None:
        shown, self._at = self._shown, None
        runtime = self._controllers[asked.bank].runtime
        if shown is None or runtime is None or runtime.bank.list_version != asked.list_version:
            self._counts["no_light"] += 1
            if tries:
                self._loop.after(_NO_LIGHT_MS, self._present, someone, asked.card, asked.bank, tries - 1, True)
            return
        if shown is Signal.ENTER_PIN and asked.pin not in _TYPED and not asked.card.staff:
            self._type(someone, asked, tries)
            return
        let_in = shown in _OPEN
        self._counts["let_in" if let_in else "turned_away"] += 1
        if not self._enrols(asked.bank):
            self._judge.answered(asked._replace(let_in=let_in))
        if let_in:
            self._loop.after(_OPEN_AFTER_MS, self._inside, someone, asked.bank)

    def enrol(
        self, bank: str, number: str, shown: Callable[[bool, tuple[Any, ...]], None], asked: tuple[Any, ...]
    ) -> None:
        """A badge that nobody knows is held to the reader, because somebody waits for it; `shown`: green or not."""
        if self._at is not None:
            self._loop.after(2, self.enrol, bank, number, shown, asked)
            return
        self._at, self._shown = bank, None
        self._controllers[bank].present(number)

        def answered() -> None:
            green, self._at = self._shown is Signal.GRANTED, None
            shown(green, asked)

        self._loop.after(1, answered)

    def _enrols(self, bank: str) -> bool:
        """Whether any badge may be taken for a new one there."""
        return self._loop.now_ms < self.enrolling_until.get(bank, 0)

    def _asks(self, someone: Someone, controller: SimulatedController) -> bool:
        """Whether a PIN can be typed, and would have to be: the door that is being opened already asks nobody."""
        runtime = controller.runtime
        if runtime is None or not runtime.bank.keypads or any(one.code == "keypad_silent" for one in runtime.faults):
            return False
        return all(runtime.bank.bays[number].state is State.IDLE for number in someone.numbers(controller.name))

    def _type(self, someone: Someone, asked: Presented, tries: int) -> None:
        """They know the PIN that the list knows; now and then, but never twice in a row, they mistype it."""
        card, known = asked.card, asked.card.pin_at(asked.list_version) or "0000"
        wrong = card.mistyped_ms < 0 and someone.body.random() < _MISTYPED
        card.mistyped_ms = self._loop.now_ms if wrong else -1
        self._counts["pin_mistyped" if wrong else "pin_typed"] += 1
        typed = f"{(int(known) + 1) % 10_000:04d}" if wrong else known
        self._at, self._shown = asked.bank, None
        self._controllers[asked.bank].press(f"{typed}#")
        self._loop.after(1, self._answered, someone, asked._replace(pin="wrong" if wrong else "right"), tries)

    def _take_time(self, someone: Someone, controller: SimulatedController) -> None:
        """How long they will leave their door open; some forget it, and a passer-by pushes it shut hours later."""
        forgets = someone.body.random() < 0.01
        dwell = None if forgets else someone.body.randint(*_DWELL_MS)
        for number in sorted(someone.numbers(controller.name)):
            door = controller.doors.by_number[number]
            door.dwell(dwell)
            if forgets:
                self._loop.after(someone.body.randint(HOUR, 10 * HOUR), door.push)

    def _inside(self, someone: Someone, bank: str) -> None:
        """What they put into a locker, or take out of it when their time is over."""
        doors, now = self._controllers[bank].doors.by_number, self._loop.now_ms
        for pact in someone.pacts:
            for hold in pact.holds:
                if hold.bank != bank or not doors[hold.number].door.open or not hold.from_at <= now < hold.until_at:
                    continue
                box = self._records.boxes[bank, hold.number]
                # A gateway that was put back may not know who had the locker since; they keep a way for days.
                known = not box.holds_strange and pact.had(bank, hold.number)
                if box.inside is not None and box.inside is not pact and known:
                    self._office.violated("belongings", f"locker {hold.number} of {bank}: things of two contracts")
                over = pact.state(now) is Life.ENDING or (len(pact.holds) > 1 and hold is not pact.present)
                box.inside = None if over and someone.body.random() < 0.7 else pact
                runtime = self._controllers[bank].runtime
                box.left_by = runtime.bank.bays[hold.number].last_release if runtime is not None else None

    def _force(self, pact: Pact) -> None:
        """Somebody breaks a door open; later it is pushed shut."""
        hold = pact.present
        door = self._controllers[hold.bank].doors.by_number[hold.number]
        self._counts["forced"] += 1
        door.force()
        self._loop.after(10 * MINUTE, door.push)
