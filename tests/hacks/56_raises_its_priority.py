# Has the machine prefer it.
# Seen: a commonplace.
# plain: possible (priority raised) as root, else blocked
# landlock: blocked
# bubblewrap: blocked
# library: blocked
# Remedy: a sandbox

import contextlib
import os

from honest import distance

with contextlib.suppress(OSError):
    os.nice(-10)
print("niceness:", os.nice(0))
