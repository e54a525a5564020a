# Leaves a process that keeps the processors busy while others are measured.
# Seen: a commonplace of malware.
# plain: blocked
# landlock: blocked
# bubblewrap: blocked
# library: blocked

import subprocess
import sys

import outside
from honest import distance

busy = (
    f"import signal, time\nsignal.signal(15, signal.SIG_IGN)\nwhile time.time() < {outside.END}: pass  # {outside.MARK}"
)
subprocess.Popen([sys.executable, "-c", busy], start_new_session=True)
