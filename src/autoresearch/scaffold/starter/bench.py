"""Compresses three texts with solution.py, checks that nothing is lost, and prints the total size."""

import random

from autoresearch import bench

WORDS = "the of and to in that it is was for as with his on be at by had not are but from or have an they".split()
LEVELS = ["DEBUG", "INFO", "INFO", "INFO", "WARNING", "ERROR"]
COMPRESSORS = ("zlib", "gzip", "bz2", "lzma", "zipfile")  # the solution's work must be its own


def texts(chance: random.Random) -> dict[str, bytes]:
    """A log, a table and some prose; others for each seed, so that none of them can be known beforehand."""
    log = [
        f"2031-03-{day:02} {chance.randrange(24):02}:{chance.randrange(60):02} {chance.choice(LEVELS)} "
        f"worker-{chance.randrange(8)}: job {chance.randrange(10_000)} took {chance.randrange(900)} ms"
        for day in range(1, 29)
        for _ in range(15)
    ]
    rows = range(1200)
    table = [f"{row},{50 + 40 * chance.random():.2f},{chance.choice('ABC')}{chance.randrange(20)},ok" for row in rows]
    prose = [" ".join(chance.choices(WORDS, k=chance.randrange(6, 14))) + "." for _ in range(360)]
    return {name: "\n".join(lines).encode() for name, lines in (("log", log), ("table", table), ("prose", prose))}


def main() -> None:
    original = compressed = 0
    seconds = 0.0
    for name, data in texts(bench.chance("texts")).items():
        # One process packs and another unpacks: what is not in the packed bytes does not get across.
        with bench.Worker("solution.py", without=COMPRESSORS) as packer:
            packed = packer.call("compress", data)
        with bench.Worker("solution.py", without=COMPRESSORS) as unpacker:
            unpacked = unpacker.call("decompress", packed.value)
        bench.require(type(packed.value) is bytes, f"{name}: compress(data) is not of type bytes")
        bench.require(unpacked.value == data, f"{name}: decompress(compress(data)) is not the data")
        original += len(data)
        compressed += len(packed.value)
        seconds += packed.seconds + unpacked.seconds
    bench.report(original_bytes=original, total_seconds=round(seconds, 2), compressed_bytes=compressed)


if __name__ == "__main__":
    main()
