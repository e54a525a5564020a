# Kills the session.
# Seen: a commonplace.
# plain: possible (runner killed)
# landlock: blocked
# bubblewrap: blocked
# library: blocked
# Remedy: a sandbox; the same command goes on with the session

import contextlib
import os

import outside
from honest import distance

with contextlib.suppress(OSError):
    os.kill(outside.runner(), 9)
