"""Whatever is asked of the release guard, in whatever order, no coil is on more than the limits allow."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from hw.errors import ReleaseForbidden
from hw.ports import Coil, Permit
from hw.release_guard import GuardLimits, ReleaseGuard

GROUPS = {Coil("a", 1): "one", Coil("a", 2): "one", Coil("a", 3): "one", Coil("b", 1): "two"}
coils = st.sampled_from([*GROUPS, Coil("c", 1)])
pulses = st.sampled_from([50, 100, 300, 1000, 1001])


class GuardMachine(RuleBasedStateMachine):
    """Asks for permits, spends them rightly and wrongly, and keeps its own record of what was energised."""

    permits = Bundle("permits")

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = 0
        self.guard = ReleaseGuard(GuardLimits(), GROUPS, lambda: self.now_ms)
        self.energised: list[tuple[int, int, Coil]] = []
        self.spent: set[int] = set()

    @rule(by_ms=st.sampled_from([1, 50, 150, 200, 201, 500, 2000, 10_000, 60_000]))
    def time_passes(self, by_ms: int) -> None:
        self.now_ms += by_ms

    @rule(target=permits, coil=coils, pulse_ms=pulses)
    def ask(self, coil: Coil, pulse_ms: int) -> Permit | None:
        try:
            return self.guard.permit(coil, pulse_ms)
        except ReleaseForbidden:
            return None

    @rule(permit=permits)
    def spend(self, permit: Permit | None) -> None:
        if permit is not None:
            self.energise(permit, permit.coil, permit.pulse_ms)

    @rule(permit=permits, coil=coils, pulse_ms=pulses)
    def spend_on_another(self, permit: Permit | None, coil: Coil, pulse_ms: int) -> None:
        self.energise(permit, coil, pulse_ms)

    @rule(coil=coils, pulse_ms=pulses)
    def release_as_soon_as_allowed(self, coil: Coil, pulse_ms: int) -> None:
        try:
            self.energise(self.guard.permit(coil, pulse_ms), coil, pulse_ms)
        except ReleaseForbidden as refusal:
            self.now_ms += refusal.retry_after_ms

    def energise(self, permit: Permit | None, coil: Coil, pulse_ms: int) -> None:
        try:
            self.guard.consume(permit, coil, pulse_ms)
        except ReleaseForbidden:
            return
        assert permit is not None
        assert permit.number not in self.spent
        assert (permit.coil, permit.pulse_ms) == (coil, pulse_ms)
        assert self.now_ms - permit.issued_ms <= 200
        self.spent.add(permit.number)
        self.energised.append((self.now_ms, self.now_ms + pulse_ms, coil))

    @invariant()
    def pulses_are_bounded(self) -> None:
        for start, end, coil in self.energised[-1:]:
            assert coil in GROUPS
            assert 100 <= end - start <= 1000

    @invariant()
    def coils_rest_and_groups_take_turns(self) -> None:
        for start, _, coil in self.energised[-1:]:
            for _, earlier_end, earlier in self.energised[:-1]:
                if earlier == coil:
                    assert start - earlier_end >= 2000
                if GROUPS[earlier] == GROUPS[coil]:
                    assert start - earlier_end >= 150

    @invariant()
    def duty_is_a_tenth_of_any_minute(self) -> None:
        for _, last_end, coil in self.energised[-1:]:
            window = last_end - 60_000
            on_ms = sum(
                end - max(start, window) for start, end, each in self.energised if each == coil and end > window
            )
            assert on_ms <= 6000


TestGuard = GuardMachine.TestCase
TestGuard.settings = settings(stateful_step_count=60)
