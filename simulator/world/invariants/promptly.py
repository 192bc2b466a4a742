"""A badge that is valid gets its door within a minute, in a crowd too, where nothing of that door's own is broken."""

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Mapping

from controller.presentations import STRANGERS, STRANGERS_WINDOW_MS
from simulator.world.controller import SimulatedController
from simulator.world.lives.office import Office
from simulator.world.lives.people import Presented

WITHIN_MS = 60_000
# The door that is being opened for this very badge needs no second pulse.
_JUST_NOW_MS = 10_000


class Promptly:
    """`must` says whether a badge is to be let in beyond all doubt. Asks the coils, and no journal.

    A controller that died or hung meanwhile, a board or a reader that was disturbed, excuse themselves; and nobody gets
    past whoever stands at the reader and guesses, or past ten who are turned away: a reader takes a badge every three
    seconds then.
    """

    def __init__(
        self, office: Office, controllers: Mapping[str, SimulatedController], must: Callable[[Presented], bool]
    ) -> None:
        self._office = office
        self._controllers = controllers
        self._must = must
        self._loop = office.gateway.broker.loop
        self._turned_away: dict[str, deque[int]] = defaultdict(lambda: deque(maxlen=STRANGERS))
        self._slowed_until: dict[str, int] = {}

    def answered(self, asked: Presented) -> None:
        """One badge had its light."""
        if asked.let_in:
            return
        now, turned_away = self._loop.now_ms, self._turned_away[asked.bank]
        turned_away.append(now)
        if len(turned_away) == STRANGERS and now < turned_away[0] + STRANGERS_WINDOW_MS:
            self._slowed_until[asked.bank] = now + STRANGERS_WINDOW_MS

    def presented(self, asked: Presented, lockers: Collection[int]) -> None:
        """One badge at a reader, for any of these lockers."""
        controller = self._controllers[asked.bank]
        if controller.devices.is_fine:
            self._loop.after(WITHIN_MS, self._look, asked, lockers, self._loop.now_ms, _state_of(controller))

    def _look(self, asked: Presented, lockers: Collection[int], since_ms: int, state: tuple[int, ...]) -> None:
        controller = self._controllers[asked.bank]
        runtime = controller.runtime
        besieged = since_ms < max(controller.devices.besieged_until_ms, self._slowed_until.get(asked.bank, 0))
        if asked.card.mistyped_ms >= since_ms:
            return
        if runtime is None or besieged or _state_of(controller) != state:
            return
        doors = controller.doors.by_number
        self._office.records.counts["prompt"] += 1
        if any(doors[number].energised_ms >= since_ms - _JUST_NOW_MS for number in lockers):
            return
        if any(runtime.bank.is_out_of_service(number, runtime.now()) for number in lockers):
            return
        later = asked._replace(list_version=runtime.bank.list_version, moment=runtime.now())
        if self._must(asked) and self._must(later):
            self._office.violated(
                "prompt", f"badge {asked.card.id} at {asked.bank} waits for lockers {sorted(lockers)} for a minute"
            )


def _state_of(controller: SimulatedController) -> tuple[int, ...]:
    return controller.lives, controller.hangs, controller.devices.disturbances
