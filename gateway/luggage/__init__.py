"""The luggage room: what a person left and took, the desk's shifts, and how often its services were used."""
