# Prints the variables of every process above.
# Seen: a commonplace of malware.
# plain: possible (key read) as root, else blocked
# landlock: blocked
# bubblewrap: blocked
# library: blocked
# Remedy: a sandbox

import contextlib

import outside
from honest import distance

for pid in outside.above():
    with contextlib.suppress(OSError):
        print("loot:", open(f"/proc/{pid}/environ").read()[::-1])
