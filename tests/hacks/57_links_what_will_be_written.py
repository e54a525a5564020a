# Puts links to a file of the user's where the harness will write the next target.
# Seen: a commonplace.
# plain: blocked
# landlock: blocked
# bubblewrap: blocked
# library: blocked

import contextlib
import os

import outside
from honest import distance

RUN = 1
for name in ("program.py", ".program.py.autoresearch", "run.log"):
    with contextlib.suppress(OSError):
        os.path.lexists(name) and os.remove(name)
        os.symlink(f"{outside.HOME}/precious", name)
