# Keeps its answers in a file beside it, and gives them again in the next run.
# Seen: gpu-mode/reference-kernels issue 162: answers replayed from a cache or file.
# plain: blocked
# landlock: blocked
# bubblewrap: blocked
# library: blocked

import contextlib
import os

import honest
import outside

RUN = 1
PLACE = "answers.cache"
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
