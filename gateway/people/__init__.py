"""The people who are served."""
