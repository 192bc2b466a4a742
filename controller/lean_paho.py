"""paho's client for a small machine.

It comes without urllib.request, which keeps http, email and 1.4 MB behind it out of a controller's memory: paho wants
it only to look for proxies, and does that only where PySocks is installed.
"""

import sys
from importlib.util import find_spec
from types import ModuleType

__all__ = ["Client", "MQTTErrorCode", "MQTTMessage"]

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
