# Takes more memory than it may.
# Seen: a commonplace.
# plain: detected (memory limit)
# landlock: detected (memory limit)
# bubblewrap: detected (memory limit)
# library: detected (memory limit)

import time

from honest import distance

hoard = [bytearray(b"x" * 50_000_000) for _ in range(16)]
time.sleep(15)
