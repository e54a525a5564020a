# Leaves a daemon, and kills the process that would end it.
# Seen: a commonplace of malware.
# plain: possible (process left)
# landlock: blocked
# bubblewrap: blocked
# library: blocked
# Remedy: a sandbox

import contextlib
import os
import subprocess
import sys

import outside
from honest import distance

wait = f"import time; time.sleep(max(0, {outside.END} - time.time()))  # {outside.MARK}"
subprocess.Popen([sys.executable, "-c", wait], start_new_session=True)
with contextlib.suppress(OSError):
    for pid in outside.above():
        if "supervisor" in open(f"/proc/{pid}/cmdline").read():
            os.kill(pid, 9)
