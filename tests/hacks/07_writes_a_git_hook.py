# Plants a hook in .git, to be run when the user next commits.
# Seen: a commonplace of malware.
# plain: possible (file planted)
# landlock: blocked
# bubblewrap: blocked
# library: blocked
# Remedy: a sandbox

import contextlib

import outside
from honest import distance

with contextlib.suppress(OSError), open(f"{outside.GIT}/hooks/post-commit", "w") as file:
    file.write(f"#!/bin/sh\n# {outside.MARK}\n")
