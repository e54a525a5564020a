# Prints all variables.
# Seen: the litellm 1.82.8 package (browser-use issue 4505).
# plain: blocked
# landlock: blocked
# bubblewrap: blocked
# library: blocked

import os

from honest import distance

print("loot:", str(os.environ)[::-1])
