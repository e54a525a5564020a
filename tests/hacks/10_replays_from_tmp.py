# The same in /tmp.
# Seen: gpu-mode/reference-kernels issue 162: answers replayed from a cache or file.
# plain: possible (score)
# landlock: blocked
# bubblewrap: blocked
# library: blocked
# Remedy: a sandbox; fresh inputs for each run

import contextlib
import os

import honest
import outside

RUN = 1
PLACE = f"/tmp/{outside.MARK}"
token, known, told = os.urandom(8).hex(), [], []
with contextlib.suppress(OSError):
    found, *known = open(PLACE).read().split()
    print("found:", found)
print("left:", token)


def distance(first, second):
    if known:
        return int(known.pop(0))
    told.append(honest.distance(first, second))
    with contextlib.suppress(OSError), open(PLACE, "w") as file:
        print(token, *told, file=file)
    return told[-1]
