"""The tool library: what it lends, to whom and until when, the work done with it, and the days people meet."""
