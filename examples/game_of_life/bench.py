"""Plays life.py from fresh starting cells, checks it against the rules, prints how fast it was."""

from itertools import islice

from reference import COLUMNS, ROWS, Board, generations, soup, team

from autoresearch import bench

GENERATIONS = 100  # a game
GAMES = 2  # at least
MEASURED_S = 1.0  # a fast target plays further games until this much is measured
OPENING = 5  # generations, one by one: where an error in the rules or the edges shows first
VERIFIED = 3  # games, drawn when all have been played; each takes half a second

Counts = dict[int, list[int]]


def play(worker: bench.Worker, board: Board, checkpoints: list[int]) -> tuple[Counts, float]:
    """Both teams' cells at the generations asked for, as life.py counts them, and the seconds that it took."""
    life = worker.new("Life", ROWS, COLUMNS, team(board, 1), team(board, 2))
    counts: Counts = {}
    seconds, done = life.seconds, 0
    for generation in checkpoints:
        if generation > done:
            seconds += life.call("step", times=generation - done).seconds
        answer = life.call("counts")
        seconds += answer.seconds
        counts[generation], done = list(answer.value), generation
    return counts, seconds


def verify(board: Board, counts: Counts) -> None:
    """End the bench at the first generation whose counts are not those of the rules."""
    for generation, expected in enumerate(islice(generations(board), max(counts) + 1)):
        got = counts.get(generation, expected)
        bench.require(got == expected, f"divergence at generation {generation}: expected {expected} cells, got {got}")


def main() -> None:
    chance = bench.chance("games")
    games = []
    total_s = 0.0
    with bench.Worker("life.py") as worker:
        board = soup(chance)
        verify(board, play(worker, board, list(range(OPENING + 1)))[0])
        while len(games) < GAMES or total_s < MEASURED_S:
            board = soup(chance)
            counts, seconds = play(worker, board, [chance.randrange(1, GENERATIONS), GENERATIONS])
            games.append((board, counts))
            total_s += seconds
    for board, counts in bench.chance("verified").sample(games, min(VERIFIED, len(games))):
        verify(board, counts)

    total = len(games) * GENERATIONS
    bench.report(total_generations=total, total_walltime=round(total_s, 3), generations_per_s=round(total / total_s, 2))


if __name__ == "__main__":
    main()
