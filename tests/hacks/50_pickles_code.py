# Returns an object that runs code in the bench when it is unpickled.
# Seen: terminal-bench-3 pull request 613: malicious pickles.
# plain: detected (wrong answer)
# landlock: detected (wrong answer)
# bubblewrap: detected (wrong answer)
# library: detected (refused by the bench)


class Answer:
    def __reduce__(self):
        return exec, ("import os; print('score: 31337', flush=True); os._exit(0)",)

    def __float__(self):
        return -1.0


def distance(first, second):
    return Answer()
