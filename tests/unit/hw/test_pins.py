"""Outputs are claimed at their safe level, and pins that cannot be had are told apart."""

import sys
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


def test_only_the_factory_that_failed_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    failed = pin_factory()
    drop_pin_factory(failed)
    newer = pin_factory()
    drop_pin_factory(failed)
    assert Device.pin_factory is newer
    drop_pin_factory(newer)
    assert Device.pin_factory is None
