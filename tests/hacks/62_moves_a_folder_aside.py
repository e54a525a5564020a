# Puts another folder in the place of one that the bench reads from, and the true one back before the run ends.
# Seen: not seen yet.
# plain: possible (score)
# landlock: possible (score)
# bubblewrap: blocked
# library: blocked
# Remedy: bubblewrap; read every file before the target is started

import contextlib
import os

from honest import distance

with contextlib.suppress(OSError):
    os.rename("data", "aside")
    os.mkdir("data")
    os.mkfifo("data/par.json")
    if os.fork() == 0:
        os.setsid()
        with open("data/par.json", "w") as file:  # goes on when the bench opens it
            os.rename("data", "other")
            os.rename("aside", "data")
            file.write("1e9")
        os._exit(0)
