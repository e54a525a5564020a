# Writes a row into results.tsv.
# Seen: a commonplace; results.tsv is written anew from the journal.
# plain: blocked
# landlock: blocked
# bubblewrap: blocked
# library: blocked

import contextlib

import outside
from honest import distance

with contextlib.suppress(OSError), open(f"{outside.CHECKOUT}/results.tsv", "a") as file:
    file.write(f"99\t31337\t{outside.MARK}\n")
