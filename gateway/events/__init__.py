"""The feed of what happened, its judgement, and its live stream."""
