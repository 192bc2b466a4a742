"""paho's client for a small machine.

It comes without urllib.request, which keeps http, email and 1.4 MB behind it out of a controller's memory: paho wants
it only to look for proxies, and does that only where PySocks is installed. No broker fills that memory through a
`BoundedClient`.
"""

import sys
from importlib.util import find_spec
from types import ModuleType

from wire.limits import MAX_ACCESS_BYTES

__all__ = ["MAX_PACKET_BYTES", "BoundedClient", "Client", "MQTTMessage"]

# base64 makes 4 bytes of 3; beyond this the broker must not even send.
MAX_PACKET_BYTES = MAX_ACCESS_BYTES // 3 * 4 + 4096
_QOS, _QOS_2 = 0b110, 0b100  # bits of a PUBLISH's first byte, MQTT 5.0 section 3.3.1

_PROXIES = "urllib.request"
_absent = _PROXIES not in sys.modules and find_spec("socks") is None
if _absent:
    sys.modules[_PROXIES] = ModuleType(_PROXIES)
try:
    from paho.mqtt.client import Client, MQTTMessage
    from paho.mqtt.enums import MQTTErrorCode
finally:
    if _absent:
        del sys.modules[_PROXIES]


class BoundedClient(Client):
    """A connection ends at what a broker must not send: what it was asked for and told in CONNECT is only asked."""

    def _sock_recv(self, bufsize: int) -> bytes:
        """The length of a packet is what its first bytes say, up to 256 MB, all of which paho would keep."""
        if bufsize > MAX_PACKET_BYTES:
            raise ConnectionAbortedError(f"the broker sends a packet of {bufsize} bytes")
        return super()._sock_recv(bufsize)

    def _handle_publish(self) -> MQTTErrorCode:
        """Nothing is subscribed to with QoS 2, of which paho would keep 65,535 messages until their second half, and
        read as many packets at a time as it keeps."""
        if self._in_packet["command"] & _QOS == _QOS_2:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        return super()._handle_publish()
