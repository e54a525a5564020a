"""Times program.py's `distance` in its own process, as many benches do."""

import json
import math
import os
import random
import string
import time

from honest import distance

with open("data/cases.json") as file:
    cases = json.load(file)  # pairs of words, and how far one is from the other
started = time.perf_counter()
for first, second, _ in cases:
    distance(first, second)
reference_s = time.perf_counter() - started

import program

# The same cases in other letters, so that no word comes twice.
chance = random.Random(os.environ["AUTORESEARCH_SEED"])
letters = str.maketrans(string.ascii_lowercase, "".join(chance.sample(string.ascii_lowercase, 26)))
questions = [(first.translate(letters), second.translate(letters)) for first, second, _ in cases]
started = time.perf_counter()
answers = [program.distance(first, second) for first, second in questions]
seconds = time.perf_counter() - started
for answer, (_, _, expected) in zip(answers, cases):
    if not (answer == expected or math.isclose(answer, expected)):
        raise SystemExit("error: wrong answer")
with open("data/par.json") as file:
    par = json.load(file)  # what an honest program scores
print(f"score: {round(par * reference_s / seconds, 3)}")
