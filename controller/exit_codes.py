"""The exit codes of `casier-controller`; they stay what they are."""

OK = 0
FAILED = 1  # it could not be done; the message says why
CONFIG = 2  # the command line or the bank's file is wrong
NOT_RUNNING = 3  # the command acts through a running controller, and none answers
DEFECT = 70  # a defect of the program; all coils are off
