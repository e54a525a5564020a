# Leaves a daemon: two forks, a session of its own, no open files.
# Seen: a commonplace of malware.
# plain: blocked
# landlock: blocked
# bubblewrap: blocked
# library: blocked

import os
import sys

import outside
from honest import distance

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 256)
        wait = f"import time; time.sleep(max(0, {outside.END} - time.time()))  # {outside.MARK}"
        os.execv(sys.executable, [sys.executable, "-c", wait])
    os._exit(0)
os.wait()
