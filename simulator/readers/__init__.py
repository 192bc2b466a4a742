"""Badge readers as they are on the wire, byte for byte, each without I/O."""
