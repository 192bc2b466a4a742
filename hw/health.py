"""Whether one device works: each change is reported once."""

from __future__ import annotations

from hw.ports import DeviceFault, DeviceKind, DeviceRecovered, Emit


class DeviceHealth:
    """Emits DeviceFault when the fault's code changes, and DeviceRecovered when it ends."""

    def __init__(self, device: str, kind: DeviceKind, emit: Emit) -> None:
        self._device = device
        self._kind: DeviceKind = kind
        self._emit = emit
        self._code: str | None = None

    def fault(self, code: str, detail: str) -> None:
        """The device does not work; `detail` says what to do next."""
        if code != self._code:
            self._code = code
            self._emit(DeviceFault(self._device, self._kind, code, detail))

    def well(self) -> None:
        """The device works."""
        if self._code is not None:
            self._code = None
            self._emit(DeviceRecovered(self._device, self._kind))
