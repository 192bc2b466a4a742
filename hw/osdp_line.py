"""One RS-485 line of OSDP readers: libosdp's control panel, turned by our own loop; Secure Channel or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from hw.errors import KeyUnusable, LineClosed
from hw.frames.osdp import OsdpFramer
from hw.ports import MonoMs
from hw.serial_line import SerialLine

REFRESH_S = 0.020  # libosdp wants to be called at least every 50 ms
# libosdp leaves a reader that went offline alone for five minutes; people wait at the door.
RETRY_MS = 2_000
# A reader is asked about every 60 ms, or after the 200 ms that each silent neighbour costs; libosdp gives up late.
SILENT_MS = 1_500

Command = Mapping[str, object]


class Peer(Protocol):
    """A reader, as its line sees it. All methods are called in the loop's thread."""

    name: str
    address: int

    def key(self) -> bytes:
        """The 16 bytes of its Secure Channel base key. Raises KeyUnusable."""

    def reported(self, event: Mapping[str, Any]) -> None:
        """It has said something, within Secure Channel; libosdp's own words."""

    def secured(self) -> None:
        """It answers, and has proved that it knows the key."""

    def unreachable(self, code: str, detail: str) -> None:
        """It cannot be heard or trusted; told again at every attempt."""


@dataclass(slots=True)
class _Link:
    """Where one reader stands. `since_ms`: when it was lost, or last tried; `heard_ms`: its last frame."""

    peer: Peer
    since_ms: int
    heard_ms: int
    is_secured: bool = False


class OsdpLine:
    """The port of one or several readers with different addresses. It opens with the first and closes with the last.

    Install mode, in which a reader would take any key, is never on, and nothing is taken from a reader in the clear.
    """

    def __init__(self, port: str, baud: int, mono_ms: MonoMs) -> None:
        self._line = SerialLine(port, baud, on_bytes=self._received, on_up=self._came_up, on_down=self._went_down)
        self._mono_ms = mono_ms
        self._peers: list[Peer] = []
        self._started: set[int] = set()
        self._panel: Any = None
        self._channel: Any = None  # one for all panels: libosdp never lets go of what it was given
        self._links: list[_Link] = []
        self._framer = OsdpFramer()
        self._inbox: list[bytes] = []
        self._events: list[tuple[int, Mapping[str, Any]]] = []
        self._turn: asyncio.TimerHandle | None = None
        self._keys_due_ms = 0

    def join(self, peer: Peer) -> None:
        """One more reader, before the start."""
        self._peers.append(peer)

    def start(self, peer: Peer) -> None:
        """Begin to talk, now or as soon as the port is there. Raises nothing."""
        if not self._started:
            self._line.start()
        self._started.add(peer.address)

    def stop(self, peer: Peer) -> None:
        """A reader is no longer wanted."""
        self._started.discard(peer.address)
        if not self._started:
            self._line.stop()
            self._close()

    def command(self, address: int, commands: list[Command]) -> None:
        """Give a reader these orders in place of those that still wait; one that is not there gets none."""
        for index, link in enumerate(self._links):
            if link.peer.address == address and link.is_secured:
                self._panel.flush_commands(index)
                for each in commands:
                    self._panel.submit_command(index, each)

    def _came_up(self) -> None:
        self._open_panel()
        self._turn_over()

    def _went_down(self, code: str, detail: str) -> None:
        self._close()
        for peer in self._peers:
            peer.unreachable(code, detail)

    def _close(self) -> None:
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        self._panel = None
        self._links = []
        self._inbox.clear()
        self._events.clear()

    def _open_panel(self) -> None:
        import osdp  # loaded only where such a reader is configured
        import osdp_sys  # its own panel: osdp.ControlPanel keeps every event, unread, for ever

        now_ms = self._mono_ms()
        keys = self._usable_keys()
        self._keys_due_ms = now_ms + RETRY_MS
        self._links = [_Link(peer, now_ms, now_ms - SILENT_MS) for peer in self._peers if peer.address in keys]
        self._panel = None
        if not self._links:
            return
        osdp_sys.set_loglevel(osdp.LogLevel.Emergency)  # what it logs may hold what was read
        channel = self._channel = self._channel or _channel(osdp.Channel, self._inbox, self._send)
        readers = [
            osdp.PDInfo(link.peer.address, channel, keys[link.peer.address], flags=[osdp.LibFlag.EnforceSecure]).get()
            for link in self._links
        ]
        self._panel = osdp_sys.ControlPanel(readers)
        self._panel.set_event_callback(self._noted)

    def _usable_keys(self) -> dict[int, bytes]:
        keys: dict[int, bytes] = {}
        for peer in self._peers:
            try:
                keys[peer.address] = peer.key()
            except KeyUnusable as error:
                peer.unreachable(error.code, str(error))
        return keys

    def _turn_over(self) -> None:
        self._turn = asyncio.get_running_loop().call_later(REFRESH_S, self._turn_over)
        if len(self._links) < len(self._peers) and self._mono_ms() >= self._keys_due_ms:
            self._look_for_keys()
        self._refresh()

    def _look_for_keys(self) -> None:
        """A key file that was missing may be there now; libosdp takes a new reader only with a new panel."""
        self._keys_due_ms = self._mono_ms() + RETRY_MS
        if len(self._usable_keys()) > len(self._links):
            self._open_panel()

    def _received(self, data: bytes) -> None:
        for frame in self._framer.feed(data):
            if not frame[1] & 0x80:
                continue  # some adapters let us hear our own requests
            self._inbox.append(frame)
            for link in self._links:
                if frame[1] == 0x80 | link.peer.address:
                    link.heard_ms = self._mono_ms()
        if self._inbox:
            self._refresh()

    def _send(self, data: bytes) -> None:
        """A request: what came before it answers nothing. Called by libosdp, so nothing may be raised."""
        self._framer = OsdpFramer()
        self._inbox.clear()
        with suppress(LineClosed):  # the port tells so itself
            self._line.write(data)

    def _noted(self, index: int, event: Mapping[str, Any]) -> int:
        """Called by libosdp in the middle of a refresh: nothing may be raised or asked of it here."""
        self._events.append((index, event))
        return 0

    def _refresh(self) -> None:
        panel = self._panel
        if panel is None:
            return
        panel.refresh()
        if panel is not self._panel:  # the port failed while it wrote
            return
        secured, now_ms = panel.sc_status(), self._mono_ms()
        for index, link in enumerate(self._links):
            is_there = now_ms - link.heard_ms < SILENT_MS
            self._follow(index, link, is_there and bool(secured >> index & 1), now_ms)
        events, self._events = self._events, []
        for index, event in events:
            if self._links[index].is_secured:
                self._links[index].peer.reported(event)

    def _follow(self, index: int, link: _Link, is_secured: bool, now_ms: int) -> None:
        if is_secured != link.is_secured:
            link.is_secured = is_secured
            link.since_ms = now_ms
            if is_secured:
                link.peer.secured()
            else:
                link.peer.unreachable(*_why(link, now_ms - SILENT_MS))
        if is_secured:
            return
        if not self._panel.is_pd_enabled(index):
            self._panel.enable_pd(index)
        elif now_ms - link.since_ms > RETRY_MS:
            link.peer.unreachable(*_why(link, link.since_ms))
            link.since_ms = now_ms
            self._panel.disable_pd(index)


def _why(link: _Link, since_ms: int) -> tuple[str, str]:
    """What is wrong with a reader, from what it has said since then."""
    reader = f"reader {link.peer.name} (address {link.peer.address})"
    if link.heard_ms > since_ms:
        mend = "set the key of its key file in the reader with its maker's tool, or mend its Secure Channel"
        return "bad_reply", f"{reader} answers, but does not prove that it knows the key: {mend}"
    return "silent", f"{reader} does not answer: look at its power, its wires A and B, its address and its baud rate"


def _channel(base: type[Any], inbox: list[bytes], send: Callable[[bytes], None]) -> Any:
    """libosdp's way to the port: it reads one whole frame at a time."""

    class Channel(base):  # type: ignore[misc]  # its base is only there when it is needed
        def read(self, max_bytes: int) -> bytes:
            if not inbox:
                return b""
            frame = inbox.pop(0)
            if len(frame) > max_bytes:
                inbox.insert(0, frame[max_bytes:])
            return frame[:max_bytes]

        def write(self, buf: bytes) -> int:
            send(bytes(buf))
            return len(buf)

        def flush(self) -> None:
            inbox.clear()

    return Channel()
