"""paho's client, whose memory no broker fills."""

from controller.lean_paho import Client, MQTTErrorCode
from wire.limits import MAX_ACCESS_BYTES, largest_packet

# The largest that comes is an access list; beyond it the broker must not even send.
MAX_PACKET_BYTES = largest_packet(MAX_ACCESS_BYTES)
_QOS, _QOS_2 = 0b110, 0b100  # bits of a PUBLISH's first byte, MQTT 5.0 section 3.3.1


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
