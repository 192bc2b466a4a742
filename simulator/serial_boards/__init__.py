"""Lock boards as they are on the wire, byte for byte, each without I/O."""
