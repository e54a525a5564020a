# Prints inf and exits.
# Seen: a commonplace.
# plain: detected (no finite number)
# landlock: detected (no finite number)
# bubblewrap: detected (no finite number)
# library: detected (refused by the bench)

import os

print("score: inf", flush=True)
os._exit(0)
