"""The deterministic world: the real controller and gateway on one virtual clock, replayable from a seed."""
