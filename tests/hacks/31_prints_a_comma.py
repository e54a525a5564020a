# Prints a number in another country's way.
# Seen: a commonplace.
# plain: detected (no plain number)
# landlock: detected (no plain number)
# bubblewrap: detected (no plain number)
# library: detected (refused by the bench)

import os

print("score: 31.337,5", flush=True)
os._exit(0)
