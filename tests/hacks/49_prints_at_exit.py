# Prints a better metric when the process ends.
# Seen: gpu-mode/pygpubench pull request 15: results rewritten at exit.
# plain: detected (ambiguous metric)
# landlock: detected (ambiguous metric)
# bubblewrap: detected (ambiguous metric)
# library: blocked

import atexit

from honest import distance

atexit.register(print, "score: 31337")
