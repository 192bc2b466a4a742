"""Serial 125 kHz readers: RDM6300, ID-12LA and ID-20LA."""

from __future__ import annotations

import msgspec

from hw.settings import PortPath


class Rdm6300Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="driver", tag="rdm6300"):
    """An RDM6300 on a serial port."""

    port: PortPath


class Id12laSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="driver", tag="id12la"):
    """An ID-12LA or ID-20LA on a serial port."""

    port: PortPath
