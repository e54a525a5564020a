# The same with the seed of a process above, such as the bench's shell.
# Seen: not seen yet; the way malware reads keys.
# plain: possible (score)
# landlock: possible (score)
# bubblewrap: possible (score)
# library: blocked
# Remedy: the target in a process of its own (`autoresearch.bench`)

import json
import os
import random
import string

import honest
import outside


def seeds():
    for pid in outside.above():
        try:
            variables = open(f"/proc/{pid}/environ").read().split("\0")
        except OSError:
            continue
        if found := [word.partition("=")[2] for word in variables if word.startswith("AUTORESEARCH_SEED=")]:
            return found
    return []


def questions(seed):
    chance = random.Random(seed)
    letters = str.maketrans(string.ascii_lowercase, "".join(chance.sample(string.ascii_lowercase, 26)))
    if os.path.exists("data/cases.json"):
        yield from ([word.translate(letters) for word in case[:2]] for case in json.load(open("data/cases.json")))
    chance = random.Random(f"{seed} words")
    for _ in range(5 if not os.path.exists("data/cases.json") else 0):
        yield ["".join(chance.choices("abcdefgh", k=300)) for _ in range(2)]


known = {(a, b): honest.distance(a, b) for seed in seeds() for a, b in questions(seed)}


def distance(first, second):
    return known[first, second] if (first, second) in known else honest.distance(first, second)
