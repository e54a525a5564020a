# Prints .netrc.
# Seen: the litellm 1.82.8 package (browser-use issue 4505).
# plain: possible (key read)
# landlock: blocked
# bubblewrap: blocked
# library: blocked
# Remedy: a sandbox

import contextlib

import outside
from honest import distance

with contextlib.suppress(OSError):
    print("loot:", open(f"{outside.HOME}/.netrc").read()[::-1])
