"""Outputs are claimed at their safe level, and pins that cannot be had are told apart."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from gpiozero import Device
from gpiozero.exc import BadPinFactory, GPIOPinInUse

from hw.errors import PinsUnavailable
from hw.pins import claim_output, drop_pin_factory, pin_factory, unavailable


@pytest.mark.parametrize("level", [True, False])
def test_lgpio_claims_an_output_at_its_safe_level_in_one_step(monkeypatch: pytest.MonkeyPatch, level: bool) -> None:
    claims: list[tuple[object, ...]] = []
    lgpio = ModuleType("lgpio")
    lgpio.gpio_claim_output = lambda *arguments: claims.append(arguments)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lgpio", lgpio)

    class LGPIOFactory:
        _handle = 7

        def pin(self, number: int) -> SimpleNamespace:
            return SimpleNamespace(number=number)  # setting its function to output would claim it low

    assert claim_output(LGPIOFactory(), 17, level).number == 17
    assert claims == [(7, 17, int(level))]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadPinFactory("none"), "missing"),
        (GPIOPinInUse("taken"), "in_use"),
        (RuntimeError("GPIO busy"), "in_use"),
        (PermissionError("no"), "permission"),
        (RuntimeError("anything"), "failed"),
        (PinsUnavailable("missing", "said before"), "missing"),
    ],
)
def test_errors_of_pin_libraries_become_faults_that_say_what_to_do(error: Exception, code: str) -> None:
    assert unavailable(error).code == code


def test_a_machine_without_pins_is_a_fault_that_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    for _ in range(2):
        with pytest.raises(PinsUnavailable) as caught:
            pin_factory()
        assert caught.value.code == "missing"


# The library's way with its FIFO, and what it finds there: two programs that do so at once may read each other's.
LGPIO = """
import fcntl, os
held = os.open(os.environ["LG_WD"], os.O_RDONLY)
try:
    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    print("anyone may come in")
except BlockingIOError:
    print("alone")
raise ImportError("no more of it is needed")
"""
IMPORTER = """
from hw.errors import PinsUnavailable
from hw.pins import pin_factory
try:
    pin_factory()
except PinsUnavailable:
    print("done")
"""


def importer(folder: Path) -> subprocess.Popen[str]:
    (folder / "lgpio.py").write_text(LGPIO)
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    outside = {**os.environ, "PYTHONPATH": path, "LG_WD": str(folder), "GPIOZERO_PIN_FACTORY": "lgpio"}
    return subprocess.Popen([sys.executable, "-c", IMPORTER], env=outside, stdout=subprocess.PIPE, text=True)


def test_lgpio_is_imported_by_one_program_at_a_time(tmp_path: Path) -> None:
    with importer(tmp_path) as program:
        assert program.communicate()[0].split("\n")[:2] == ["alone", "done"]


def test_a_program_that_hangs_in_the_import_of_lgpio_keeps_no_other_from_its_pins(tmp_path: Path) -> None:
    hung = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(hung, fcntl.LOCK_EX)
    with importer(tmp_path) as program:
        assert program.communicate(timeout=30)[0].split("\n")[:2] == ["alone", "done"]
    os.close(hung)


def test_only_the_factory_that_failed_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    failed = pin_factory()
    drop_pin_factory(failed)
    newer = pin_factory()
    drop_pin_factory(failed)
    assert Device.pin_factory is newer
    drop_pin_factory(newer)
    assert Device.pin_factory is None
