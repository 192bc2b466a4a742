"""One commissioning from beginning to end: tests the bank, shows what was found, changes its file if that is agreed."""

import json
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from controller.commission.conclusions import Conclusions, conclude
from controller.commission.conduct import conduct, interruptible
from controller.commission.disk import read_disk
from controller.commission.front import Front, Lines
from controller.commission.hands import Hands, Patience
from controller.commission.plan import plan_of
from controller.commission.procedure import Procedure
from controller.commission.progress import Progress, fingerprint, keep_progress, load_progress
from controller.commission.report import as_report, show
from controller.commission.rewiring import turned
from controller.commission.steps import Tell
from controller.commission.toml_edit import changed_text, shown, write_config
from controller.commission.wall_map import COLUMNS, page
from controller.config import BankFile, load
from controller.errors import ControllerError
from controller.storage import MACHINE

MAP_NAME, REPORT_NAME, DRAFT_NAME = "commission-map.html", "commission-report.json", "commission-bank.toml"


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for. `watch_ms`: how long a pulsed door is watched."""

    auto: bool = False
    yes: bool = False
    anew: bool = False
    only: str = ""
    columns: int = COLUMNS
    map_path: Path | None = None
    report_path: Path | None = None
    watch_ms: int = 3_000


class Commissioning:
    """One call of the command, the data directory being its own."""

    def __init__(self, path: Path, bank: BankFile, options: Options, console: Console) -> None:
        self._path = path
        self._text = path.read_text(encoding="utf-8")
        self._bank = bank
        self._options = options
        self._console = console

    async def run(self) -> Mapping[str, Any]:
        """The report, which has been written to disk too."""
        disk = read_disk(self._bank)
        plan = plan_of(self._bank, disk.held(), self._options.only)
        front = Front(self._console, plan, Lines())
        progress = self._progress(front)
        if lockers := tuple(sorted({each.locker for each in disk.state.unresolved}.intersection(plan.lockers))):
            front.tell(Tell("unknown_outcome", lockers))
        procedure = Procedure(plan, progress, watched=not self._options.auto)
        hands = Hands(self._bank, disk, plan, progress.turned, Patience(watch_ms=self._options.watch_ms))
        finished = await interruptible(conduct(procedure, hands, front, self._bank.data_dir))
        result = conclude(plan, procedure.progress)
        self._say("")
        show(self._console, result)
        report = as_report(result, finished=finished, at=_now().isoformat(timespec="seconds"))
        report["diff"], report["written"] = "", False
        if not finished:
            self._say("Stopped. The same command goes on from here.")
        elif result.has_changes:
            report["written"] = await self._write(result, procedure.progress, front, report)
            report["ok"] = report["ok"] and report["written"]
        self._leave(self._as_written(plan.held, procedure.progress) if report["written"] else result, report)
        return report

    def _as_written(self, held: frozenset[int], progress: Progress) -> Conclusions:
        """What there is to say of the bank now that its file is right."""
        return conclude(plan_of(load(self._path), held), load_progress(self._bank.data_dir) or progress)

    def _progress(self, front: Front) -> Progress:
        """What an earlier run has left for this file, or nothing."""
        fresh = Progress(fingerprint(tomllib.loads(self._text)))
        if self._options.anew:
            return fresh
        kept = load_progress(self._bank.data_dir)
        if kept is None:
            return fresh
        if kept.fingerprint != fresh.fingerprint:
            front.tell(Tell("anew"))
            return fresh
        if kept.trials:
            front.tell(Tell("resumed", text=f"{len(kept.trials)} of {len(self._bank.lockers)} lockers are tested"))
        return kept

    async def _write(self, result: Conclusions, progress: Progress, front: Front, report: dict[str, Any]) -> bool:
        """Show the change of the bank's file, ask, and make it. Says whether it is made."""
        new = changed_text(self._text, result.changes, result.coils)
        report["diff"] = shown(self._path, self._text, new)
        self._say(f"\nThe bank's file should change:\n{report['diff']}")
        if not await self._agreed(front):
            self._say("The file is left as it is. The same command asks again, without another pulse.")
            return False
        try:
            write_config(self._path, self._text, new, result.coils)
        except ControllerError as error:
            self._say(str(error))
            return False
        except OSError as error:
            self._set_aside(new, error)
            return False
        name = fingerprint(tomllib.loads(new))
        keep_progress(self._bank.data_dir, turned(result.plan, progress, result.changes, name))
        self._say(f"{self._path} is written.")
        return True

    async def _agreed(self, front: Front) -> bool:
        if self._options.yes:
            return True
        if self._options.auto and not sys.stdin.isatty():
            return False
        return await front.agreed("Write it?")

    def _set_aside(self, new: str, error: OSError) -> None:
        """This user may not write the file: leave the new one where whoever may can take it."""
        draft = self._bank.data_dir / DRAFT_NAME
        MACHINE.replace(draft, new.encode())
        self._say(
            f"{self._path} cannot be written ({error.strerror}). As its owner: install -m 644 {draft} {self._path}"
        )

    def _leave(self, result: Conclusions, report: dict[str, Any]) -> None:
        """Put map and report where they are wanted."""
        folder = self._bank.data_dir
        map_path = self._options.map_path or folder / MAP_NAME
        report["map"] = str(map_path)
        MACHINE.replace(map_path, page(result, _now().strftime("%Y-%m-%d %H:%M"), self._options.columns).encode())
        MACHINE.replace(self._options.report_path or folder / REPORT_NAME, _json(report))
        self._say(f"Map of the bank, to print: {map_path}")

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def _now() -> datetime:
    return datetime.now().astimezone()


def _json(report: Mapping[str, Any]) -> bytes:
    return (json.dumps(report, ensure_ascii=False, indent=2) + "\n").encode()
