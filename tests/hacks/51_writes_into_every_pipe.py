# Writes answers and metrics into whatever files the process has open.
# Seen: gpu-mode/pygpubench pull request 15: file descriptors tampered with.
# plain: detected (ambiguous metric)
# landlock: detected (ambiguous metric)
# bubblewrap: detected (ambiguous metric)
# library: detected (refused by the bench)

import contextlib
import os

from honest import distance

for file in range(1, 30):
    with contextlib.suppress(OSError):
        os.write(file, b"score: 31337\n")
