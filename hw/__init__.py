"""Pins, ports and boards: bytes in, device events out. Knows nothing of contracts."""
