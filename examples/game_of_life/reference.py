"""Draws starting cells, and says how many of them are alive later. It shares no code with life.py."""

import random
from collections import Counter
from collections.abc import Iterator

ROWS, COLUMNS = 150, 240

Rows = list[list[int]]
Board = dict[tuple[int, int], int]  # (x, y) -> team, living cells alone


def soup(chance: random.Random) -> Board:
    """Both teams, mixed so that ties arise, and across all four edges so that a wrong edge shows."""
    down, right = chance.randrange(-10, 11), chance.randrange(-20, 21)
    patch = [((right + x) % COLUMNS, (down + y) % ROWS) for y in range(-20, 20) for x in range(-40, 40)]
    return {cell: chance.choice((1, 2)) for cell in chance.sample(patch, 1120)}


def team(board: Board, number: int) -> Rows:
    """A team's cells as life.py is given them: rows `[y, x1, x2, ...]`, sorted by y, then by x."""
    rows: dict[int, list[int]] = {}
    for (x, y), owner in board.items():
        if owner == number:
            rows.setdefault(y, []).append(x)
    return [[y, *sorted(xs)] for y, xs in sorted(rows.items())]


def generations(board: Board) -> Iterator[list[int]]:
    """Both teams' cell counts at generation 0, 1, 2, ..."""
    while True:
        yield [list(board.values()).count(1), list(board.values()).count(2)]
        board = after(board)


def after(board: Board) -> Board:
    """The next generation: B3/S23; what lives joins the majority of its neighbours, ties by checkerboard."""
    alive: Counter[tuple[int, int]] = Counter()
    lead: Counter[tuple[int, int]] = Counter()
    for (x, y), owner in board.items():
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                if dx or dy:
                    cell = (x + dx) % COLUMNS, (y + dy) % ROWS
                    alive[cell] += 1
                    lead[cell] += 1 if owner == 1 else -1
    new = {}
    for cell, neighbours in alive.items():
        if neighbours == 3 or (neighbours == 2 and cell in board):
            ahead = lead[cell]
            new[cell] = 1 if ahead > 0 or (ahead == 0 and sum(cell) % 2 == 0) else 2
    return new
