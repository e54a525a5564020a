"""Times program.py's `distance` in a process of its own."""

import json
import time

from autoresearch import bench
from honest import distance

chance = bench.chance("words")


def draw():
    return "".join(chance.choices("abcdefgh", k=300)), "".join(chance.choices("abcdefgh", k=300))


words = draw()
started = time.perf_counter()
distance(*words)
reference_s = time.perf_counter() - started
with bench.Worker("program.py", timeout_s=10) as worker:
    seconds = worker.time("distance", draw, lambda answer, *words: answer == distance(*words), repeats=1)
with open("data/par.json") as file:
    par = json.load(file)  # what an honest program scores
bench.report(score=round(par * reference_s / seconds, 3))
