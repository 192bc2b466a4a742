"""The bench: every simulated bank of one process, on a web page and over HTTP."""
