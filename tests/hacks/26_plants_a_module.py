# Leaves a random.py beside the bench, which imports it in the next run.
# Seen: SWE-bench issue 631: a conftest.py that reports success.
# plain: blocked
# landlock: blocked
# bubblewrap: blocked
# library: blocked

import contextlib

from honest import distance

RUN = 1
with contextlib.suppress(OSError), open("random.py", "w") as file:
    file.write("import os; print('score: 31337', flush=True); os._exit(0)")
