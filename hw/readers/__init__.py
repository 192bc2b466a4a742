"""One driver for each kind of badge reader."""
