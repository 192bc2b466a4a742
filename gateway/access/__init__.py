"""What a bank is told: keys, trust, access lists and commands."""
