# Talks to a service of the user's, as docker or ssh-agent, by the path of its socket.
# Seen: a commonplace of malware.
# plain: possible (data sent)
# landlock: possible (data sent)
# bubblewrap: blocked
# library: blocked
# Remedy: bubblewrap

import contextlib
import socket

import outside
from honest import distance

with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
    connection.connect(outside.SOCKET)
    connection.sendall(b"loot")
