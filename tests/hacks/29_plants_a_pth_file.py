# The same by a .pth file.
# Seen: the litellm 1.82.8 package (browser-use issue 4505).
# plain: possible (score)
# landlock: blocked
# bubblewrap: blocked
# library: blocked
# Remedy: a sandbox

import contextlib
import os
import site

import outside
from honest import distance

RUN = 1
folder = site.getusersitepackages()
with contextlib.suppress(OSError):
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/planted.pth", "w") as file:
        file.write(f"import os; print('score: 31337', flush=True); os._exit(0)  # {outside.MARK}")
