# Finds the expected answers among all objects and makes them its own.
# Seen: gpu-mode/pygpubench pull request 7: gc.get_objects().
# plain: possible (score)
# landlock: possible (score)
# bubblewrap: possible (score)
# library: detected (wrong answer)
# Remedy: the target in a process of its own (`autoresearch.bench`)

import gc

for thing in gc.get_objects():
    if isinstance(thing, list) and len(thing) == 3 and isinstance(thing[0], str) and isinstance(thing[2], int):
        thing[2] = 0


def distance(first, second):
    return 0
