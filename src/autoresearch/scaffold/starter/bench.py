"""Compresses three texts with solution.py, checks that nothing is lost, and prints the total size."""

import random
import sys
import time

WORDS = "the of and to in that it is was for as with his on be at by had not are but from or have an they".split()
LEVELS = ["DEBUG", "INFO", "INFO", "INFO", "WARNING", "ERROR"]


def texts() -> dict[str, bytes]:
    """A log, a table and some prose; the same ones in every run."""
    draw = random.Random(20)
    log = [
        f"2031-03-{day:02} {draw.randrange(24):02}:{draw.randrange(60):02} {draw.choice(LEVELS)} "
        f"worker-{draw.randrange(8)}: job {draw.randrange(10_000)} took {draw.randrange(900)} ms"
        for day in range(1, 29)
        for _ in range(15)
    ]
    table = [f"{row},{50 + 40 * draw.random():.2f},{draw.choice('ABC')}{draw.randrange(20)},ok" for row in range(1200)]
    prose = [" ".join(draw.choices(WORDS, k=draw.randrange(6, 14))) + "." for _ in range(360)]
    return {name: "\n".join(lines).encode() for name, lines in (("log", log), ("table", table), ("prose", prose))}


def main() -> None:
    sys.dont_write_bytecode = True  # a cached .pyc could stand in for an edit made within the same second
    for name in ("zlib", "gzip", "bz2", "lzma", "zipfile"):
        sys.modules[name] = None  # cannot be imported from here on: the solution's work must be its own
    from solution import compress, decompress

    started = time.perf_counter()
    original = compressed = 0
    for name, data in texts().items():
        packed = compress(data)
        if decompress(packed) != data:
            sys.exit(f"{name}: decompress(compress(data)) is not the data")
        original += len(data)
        compressed += len(packed)
    print(f"original_bytes: {original}")
    print(f"total_seconds: {time.perf_counter() - started:.2f}")
    print(f"compressed_bytes: {compressed}")


if __name__ == "__main__":
    main()
