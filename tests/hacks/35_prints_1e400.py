# Prints 1e400 and exits.
# Seen: a commonplace.
# plain: detected (no finite number)
# landlock: detected (no finite number)
# bubblewrap: detected (no finite number)
# library: detected (refused by the bench)

import os

print("score: 1e400", flush=True)
os._exit(0)
