"""The words that make an MCP23017's pins into coils, lights and contacts let no coil move by themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.errors import FrameError
from hw.frames.mcp23017 import GPPU, IODIR, OLAT, Layout, bit_of, word
from simulator.i2c import Mcp23017


def test_pins_go_by_the_names_on_the_board() -> None:
    assert [bit_of(name) for name in ("A0", "A7", "B0", "B7")] == [0, 7, 8, 15]
    for name in ("A8", "C0", "B", "b0", "A10", ""):
        with pytest.raises(FrameError, match="allowed: A0 to A7 and B0 to B7"):
            bit_of(name)


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    pins = draw(st.permutations(range(16)))
    locks, lights, inputs = draw(st.integers(1, 6)), draw(st.integers(0, 5)), draw(st.integers(0, 5))
    return Layout(
        tuple(pins[:locks]),
        draw(st.booleans()),
        tuple(pins[locks : locks + lights]),
        draw(st.booleans()),
        tuple(pins[locks + lights : locks + lights + inputs]),
    )


@given(layouts())
def test_setting_a_chip_up_moves_no_coil_and_lights_nothing(layout: Layout) -> None:
    chip = Mcp23017(0x20)
    for pins, high in ((layout.locks, layout.locks_high), (layout.lights, layout.lights_high)):
        for pin in pins:
            chip.fit(pin, "down" if high else "up")
    chip.transitions.clear()
    for register, value in layout.setup():
        chip.write(register, value.to_bytes(2, "little"), 0)
    assert [each for each in chip.transitions if each.line in (*layout.locks, *layout.lights)] == []
    assert int.from_bytes(chip.read(IODIR, 2), "little") == layout.directions
    assert int.from_bytes(chip.read(GPPU, 2), "little") == word(layout.inputs)


@given(layouts(), st.data())
def test_a_pin_that_is_switched_leaves_all_others_as_they_are(layout: Layout, data: st.DataObject) -> None:
    pin = data.draw(st.sampled_from((*layout.locks, *layout.lights)))
    high = layout.locks_high if pin in layout.locks else layout.lights_high
    on = layout.with_pin(layout.all_off, pin, True)
    assert on ^ layout.all_off == 1 << pin
    assert bool(on >> pin & 1) == high
    assert layout.with_pin(on, pin, False) == layout.all_off
    assert dict(layout.setup())[OLAT] == layout.all_off
