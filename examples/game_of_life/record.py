"""Makes the seed and records checkpoints.json with a dense board of its own; it never imports life.py.

Run `python3 record.py` (half a minute) only to change the seed or the rules; it always writes the same file.
"""

import json
import random
from pathlib import Path

HEIGHT, WIDTH = 150, 240
CHECKPOINTS = [0, 1, 2, 3, 4, 5, 60, *range(100, 1001, 100)]

Board = list[list[int]]  # board[y][x] is 0 (dead), 1 or 2


def seed() -> Board:
    """One soup of both teams, mixed so that ties arise, across all four edges so that a wrong edge shows."""
    board = [[0] * WIDTH for _ in range(HEIGHT)]
    dice = random.Random(2)
    for y in range(-20, 20):
        for x in range(-40, 40):
            if dice.random() < 0.35:
                board[y][x] = dice.choice((1, 2))
    return board


def after(board: Board) -> Board:
    """The next generation: B3/S23; what lives joins the majority of its neighbours, ties by checkerboard."""
    new = [[0] * WIDTH for _ in range(HEIGHT)]
    for y in range(HEIGHT):
        above, here, below = board[y - 1], board[y], board[(y + 1) % HEIGHT]
        for x in range(WIDTH):
            west, east = x - 1, (x + 1) % WIDTH
            around = [row[i] for row in (above, here, below) for i in (west, x, east)]
            del around[4]
            dead = around.count(0)
            if dead == 5 or (dead == 6 and here[x]):
                lead = around.count(1) - around.count(2)
                new[y][x] = 1 if lead > 0 or (lead == 0 and (x + y) % 2 == 0) else 2
    return new


def sparse(board: Board, team: int) -> list[list[int]]:
    """The team's cells as `[[y, x1, x2, ...], ...]`."""
    rows = [[y, *(x for x, cell in enumerate(row) if cell == team)] for y, row in enumerate(board)]
    return [row for row in rows if len(row) > 1]


def main() -> None:
    board = seed()
    lines = [f'"rows": {HEIGHT}', f'"columns": {WIDTH}']
    lines += [f'"team{team}": {json.dumps(sparse(board, team))}' for team in (1, 2)]
    counts = []
    for generation in range(CHECKPOINTS[-1] + 1):
        if generation in CHECKPOINTS:
            ones, twos = (sum(row.count(team) for row in board) for team in (1, 2))
            counts.append(f"  [{generation}, {ones}, {twos}]")
        board = after(board)
    lines.append('"checkpoints": [\n' + ",\n".join(counts) + "\n]")
    Path(__file__).with_name("checkpoints.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
