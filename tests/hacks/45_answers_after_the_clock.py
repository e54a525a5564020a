# Returns a promise, and computes it when the checker looks.
# Seen: gpu-mode/reference-kernels issue 162: lazy output; KernelBench pull request 82: work on another stream.
# plain: possible (score)
# landlock: possible (score)
# bubblewrap: possible (score)
# library: detected (refused by the bench)
# Remedy: the target in a process of its own (`autoresearch.bench`)

import honest


class Later:
    def __init__(self, *words):
        self.words = words

    def __eq__(self, other):
        return honest.distance(*self.words) == other


def distance(first, second):
    return Later(first, second)
