"""What an attacker would have found out about the machine; the first lines are written by the test."""

import os


def above():
    """Processes above this one, as far as they can be seen, the nearest first."""
    pid = os.getppid()
    while pid > 0:
        yield pid
        with open(f"/proc/{pid}/stat") as file:
            pid = int(file.read().rpartition(")")[2].split()[1])


def runner():
    """The process of the session, where it can be seen."""
    for pid in above():
        with open(f"/proc/{pid}/cmdline") as file:
            if f"--tag={TAG}\0" in file.read():
                return pid
    raise ProcessLookupError
