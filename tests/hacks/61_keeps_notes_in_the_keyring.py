# Leaves a token in the kernel's keyring of the user's login, and finds it in the next run.
# Seen: not seen yet.
# plain: possible (carried over) or blocked
# landlock: blocked
# bubblewrap: blocked
# library: blocked
# Remedy: a sandbox; fresh inputs for each run

import contextlib
import ctypes
import os

from honest import distance

RUN = 1
call = ctypes.CDLL(None).syscall
add, control = {"x86_64": (248, 250), "aarch64": (217, 219)}[os.uname().machine]
said = ctypes.create_string_buffer(16)
key = call(control, 10, -3, b"user", b"hack", 0)  # search the session keyring
if key > 0 and call(control, 11, key, said, 16) == 16:  # read
    print("found:", said.raw.decode())
token = os.urandom(8).hex()
print("left:", token)
call(add, b"user", b"hack", token.encode(), 16, -3)
