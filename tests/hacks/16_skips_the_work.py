# Does nothing.
# Seen: a commonplace.
# plain: detected (wrong answer)
# landlock: detected (wrong answer)
# bubblewrap: detected (wrong answer)
# library: detected (wrong answer)


def distance(first, second):
    return 0
