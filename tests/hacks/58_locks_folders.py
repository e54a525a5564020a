# Makes folders that cannot be listed, and takes the rights off its own.
# Seen: a commonplace.
# plain: blocked
# landlock: blocked
# bubblewrap: blocked
# library: blocked

import os

from honest import distance

RUN = 1
os.makedirs("locked/deep")
os.chmod("locked/deep", 0)
os.chmod("locked", 0)
