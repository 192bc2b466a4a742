"""What commissioning comes to: findings, the lockers' true coils, and the changes that the bank's file needs."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.commission.evidence import Evidence, gather
from controller.commission.findings import FAIL, WARN, Finding, find
from controller.commission.plan import Plan
from controller.commission.progress import Progress
from controller.commission.rewiring import Change, settings_changes, true_coils
from hw.ports import Coil


@dataclass(frozen=True, slots=True)
class DoorResult:
    """One locker: its true coil, how it fared (`fine`, `warn`, `fail`, `held`, `untested`) and the findings on it."""

    number: int
    coil: Coil
    state: str
    opening_ms: int | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Conclusions:
    """The whole result. `coils` differs from the plan's where doors were found behind other channels."""

    plan: Plan
    evidence: Evidence
    coils: Mapping[int, Coil]
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether every locker that is not held was tested and nothing is broken."""
        return not any(finding.level == FAIL or finding.code == "not_tested" for finding in self.findings)

    @property
    def has_changes(self) -> bool:
        """Whether the file should say something else."""
        return bool(self.changes) or self.coils != self.plan.lockers

    def doors(self) -> list[DoorResult]:
        """Every locker, by its number."""
        return [self._door(number, coil) for number, coil in sorted(self.coils.items())]

    def _door(self, number: int, coil: Coil) -> DoorResult:
        findings = tuple(each for each in self.findings if number in each.lockers)
        levels = {each.level for each in findings}
        if number in self.plan.held:
            state = "held"
        elif FAIL in levels:
            state = FAIL
        elif coil not in self.evidence.opened:
            state = "untested"
        else:
            state = WARN if WARN in levels else "fine"
        return DoorResult(number, coil, state, self.evidence.opening_ms.get(coil), findings)


def conclude(plan: Plan, progress: Progress) -> Conclusions:
    """What follows from all that was found so far."""
    evidence = gather(plan, progress)
    coils = true_coils(evidence)
    return Conclusions(plan, evidence, coils, tuple(settings_changes(evidence)), find(evidence, coils))
