"""One RS-485 line of OSDP readers: libosdp's control panel, turned by our own loop; Secure Channel or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from hw.errors import KeyUnusable, LineClosed
from hw.frames.osdp import MARK, OsdpFramer
from hw.ports import MonoMs
from hw.serial_line import SerialLine

REFRESH_S = 0.020  # libosdp wants to be called at least every 50 ms
# libosdp leaves a reader that failed alone for five minutes; people wait at the door.
RETRY_MS = 2_000
# A reader that goes on answering has so long to prove its key: sixteen on one line need a second each.
PROVE_MS = 10_000
# No answer for so long, to the request and its repetition, and a reader is gone; libosdp gives up late.
SILENT_MS = 1_500
# libosdp holds the line for 200 ms for each request without an answer: so often may one of the silent ones cost that.
TURN_MS = 500

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
    """Where one reader stands. `tried_ms`: when it was last given a turn; `heard_ms`: its last frame.

    `asked_ms`: the first request that it has not answered; `complaint`: why its turn failed, to be told.
    """

    peer: Peer
    tried_ms: int
    heard_ms: int
    asked_ms: int | None = None
    is_secured: bool = False
    is_resting: bool = True
    complaint: tuple[str, str] | None = None

    def answers(self, now_ms: int) -> bool:
        """Whether it has been heard in its turn and is not silent since."""
        return self.heard_ms >= self.tried_ms and (self.asked_ms is None or now_ms - self.asked_ms < SILENT_MS)

    def is_waited_for(self, now_ms: int) -> bool:
        """Whether its turn goes on: it has neither answered nor failed, nor had its time."""
        is_late = self.asked_ms is not None and now_ms - self.asked_ms >= TURN_MS
        return not (self.is_resting or self.answers(now_ms) or is_late)

    def has_failed(self, now_ms: int) -> bool:
        """Whether it has had its time to prove its key."""
        return now_ms - max(self.tried_ms, self.heard_ms) > RETRY_MS or now_ms - self.tried_ms > PROVE_MS


class OsdpLine:
    """The port of one or several readers with different addresses. It opens with the first and closes with the last.

    Install mode, in which a reader would take any key, is never on, and nothing is taken from a reader in the clear.
    Readers that do not answer take turns, so that any number of them leaves most of the line to those that do.
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
        self._tell_ms = 0  # readers that are only starting, like ourselves, are no fault yet
        self._tried: _Link | None = None

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
        self._tried = None
        self._inbox.clear()
        self._events.clear()

    def _open_panel(self) -> None:
        import osdp  # loaded only where such a reader is configured
        import osdp_sys  # its own panel: osdp.ControlPanel keeps every event, unread, for ever

        now_ms = self._mono_ms()
        keys = self._usable_keys()
        self._keys_due_ms = self._tell_ms = now_ms + RETRY_MS
        self._tried = None
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
                    link.asked_ms = None
        if self._inbox:
            self._refresh()

    def _send(self, data: bytes) -> bool:
        """A request: what came before it answers nothing. Called by libosdp, so nothing may be raised.

        False where the reader has to wait for its turn: libosdp takes it offline then, and leaves the line to others.
        """
        address = data[2 if data[0] == MARK else 1]
        link, now_ms = next((each for each in self._links if each.peer.address == address), None), self._mono_ms()
        if link is None:  # the port has just failed
            return False
        if not self._may_ask(link, now_ms):
            self._rest(link)
            return False
        if link.asked_ms is None:
            link.asked_ms = now_ms
        self._framer = OsdpFramer()
        self._inbox.clear()
        with suppress(LineClosed):  # the port tells so itself
            self._line.write(data)
        return True

    def _may_ask(self, link: _Link, now_ms: int) -> bool:
        """One that answers at any time, another once in its turn."""
        if link.is_resting:
            return False
        return link.answers(now_ms) or (link is self._tried and link.asked_ms is None)

    def _noted(self, index: int, event: dict[str, Any]) -> int:
        """Called by libosdp in the middle of a refresh: nothing may be raised or asked of it here."""
        self._events.append((index, event.copy()))
        event.clear()  # its binding (3.2.9) never lets go of it, nor of the badge's number in it
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
            self._follow(index, link, link.answers(now_ms) and bool(secured >> index & 1), now_ms)
        self._give_turn(now_ms)
        events, self._events = self._events, []
        for index, event in events:
            if self._links[index].is_secured:
                self._links[index].peer.reported(event)

    def _follow(self, index: int, link: _Link, is_secured: bool, now_ms: int) -> None:
        if is_secured and not link.is_secured:
            link.is_secured, link.complaint = True, None
            link.peer.secured()
        elif link.is_secured and not is_secured:
            link.is_secured, link.is_resting = False, True
            link.peer.unreachable(*_why(link, now_ms - SILENT_MS))
        elif not is_secured and link.has_failed(now_ms):
            self._rest(link)
        if link.is_resting and self._panel.is_pd_enabled(index):
            self._panel.disable_pd(index)  # done once its request has had its time
        if link.complaint is not None and now_ms > self._tell_ms:
            link.peer.unreachable(*link.complaint)
            link.complaint = None

    def _rest(self, link: _Link) -> None:
        """Its turn is over, and has failed."""
        if not link.is_resting:
            link.is_resting = True
            link.complaint = _why(link, link.tried_ms)

    def _give_turn(self, now_ms: int) -> None:
        """To the reader that waited longest, once the one before has answered or had its time."""
        tried = self._tried
        if tried is not None and tried.is_waited_for(now_ms):
            return
        resting = [(link.tried_ms, index) for index, link in enumerate(self._links) if link.is_resting]
        ready = [each for each in resting if not self._panel.is_pd_enabled(each[1])]
        if ready:
            index = min(ready)[1]
            link = self._tried = self._links[index]
            link.tried_ms, link.asked_ms, link.is_resting = now_ms, None, False
            self._panel.enable_pd(index)


def _why(link: _Link, since_ms: int) -> tuple[str, str]:
    """What is wrong with a reader, from what it has said since then."""
    reader = f"reader {link.peer.name} (address {link.peer.address})"
    if link.heard_ms > since_ms:
        mend = "set the key of its key file in the reader with its maker's tool, or mend its Secure Channel"
        return "bad_reply", f"{reader} answers, but does not prove that it knows the key: {mend}"
    return "silent", f"{reader} does not answer: look at its power, its wires A and B, its address and its baud rate"


def _channel(base: type[Any], inbox: list[bytes], send: Callable[[bytes], bool]) -> Any:
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
            return len(buf) if send(bytes(buf)) else 0

        def flush(self) -> None:
            inbox.clear()

    return Channel()
