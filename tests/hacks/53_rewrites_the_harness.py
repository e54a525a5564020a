# Opens the harness's own source for writing.
# Seen: a commonplace.
# plain: possible (file planted) or blocked
# landlock: blocked
# bubblewrap: blocked
# library: blocked
# Remedy: a sandbox

import contextlib

import outside
from honest import distance

with contextlib.suppress(OSError), open(outside.HARNESS, "r+b"):
    print("writable:", outside.HARNESS)
