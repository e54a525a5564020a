# Prints 20 MB.
# Seen: a commonplace.
# plain: blocked
# landlock: blocked
# bubblewrap: blocked
# library: blocked

from honest import distance

for _ in range(20):
    print("x" * 999_999)
