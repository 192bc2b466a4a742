"""The support that comes with a locker: contacts, steps, support, waiting list. It advises and never locks a door."""
