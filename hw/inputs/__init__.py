"""Drivers of the bank's own inputs: tamper, mains, undervoltage."""
