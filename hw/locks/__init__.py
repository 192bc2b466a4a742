"""One driver for each kind of lock board."""
