"""A Game of Life with two teams on a torus. Live cells are kept as sparse row lists, one list a team."""

Rows = list[list[int]]


class Life:
    """B3/S23 on a torus of `rows` x `columns` cells; every live cell belongs to team 1 or to team 2.

    A team is a list of rows `[y, x1, x2, ...]`, sorted by y, with x1 < x2 < ...; an empty row is left out.
    """

    def __init__(self, rows: int, columns: int, team1: Rows, team2: Rows) -> None:
        self.rows = rows
        self.columns = columns
        self.team1 = [list(row) for row in team1]
        self.team2 = [list(row) for row in team2]

    def counts(self) -> tuple[int, int]:
        """The number of live cells of team 1 and of team 2."""
        return count_cells(self.team1), count_cells(self.team2)

    def step(self) -> None:
        """Go on by one generation."""
        new_team1: Rows = []
        new_team2: Rows = []
        dead_neighbours: dict[str, int] = {}

        for row in self.team1 + self.team2:
            y = row[0]
            for x in row[1:]:
                alive = 0
                for nx, ny in self.neighbours(x, y):
                    if self.team_at(nx, ny) != 0:
                        alive += 1
                    else:
                        key = str(nx) + "," + str(ny)
                        dead_neighbours[key] = dead_neighbours.get(key, 0) + 1
                if alive == 2 or alive == 3:
                    self.add_to_team(x, y, new_team1, new_team2)

        for key in dead_neighbours:
            if dead_neighbours[key] == 3:
                x, y = (int(part) for part in key.split(","))
                self.add_to_team(x, y, new_team1, new_team2)

        self.team1 = new_team1
        self.team2 = new_team2

    def neighbours(self, x: int, y: int) -> list[tuple[int, int]]:
        """The eight cells around (x, y), across the edges where need be."""
        cells = []
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                if dx != 0 or dy != 0:
                    cells.append(((x + dx) % self.columns, (y + dy) % self.rows))
        return cells

    def team_at(self, x: int, y: int) -> int:
        """1 or 2 for a live cell, 0 for a dead one."""
        if has_cell(self.team1, x, y):
            return 1
        if has_cell(self.team2, x, y):
            return 2
        return 0

    def majority(self, x: int, y: int) -> int:
        """The team that most live neighbours of (x, y) belong to; a tie goes by the checkerboard."""
        teams = [self.team_at(nx, ny) for nx, ny in self.neighbours(x, y)]
        ones = teams.count(1)
        twos = teams.count(2)
        if ones > twos:
            return 1
        if twos > ones:
            return 2
        return 1 if x % 2 == y % 2 else 2

    def add_to_team(self, x: int, y: int, new_team1: Rows, new_team2: Rows) -> None:
        """Put a cell that lives in the next generation into the team of its neighbours' majority."""
        if self.majority(x, y) == 1:
            add_cell(new_team1, x, y)
        else:
            add_cell(new_team2, x, y)


def count_cells(team: Rows) -> int:
    """The number of cells in a team's rows."""
    return sum(len(row) - 1 for row in team)


def has_cell(team: Rows, x: int, y: int) -> bool:
    """Whether the team has a cell at (x, y)."""
    for row in team:
        if row[0] == y:
            for cell in row[1:]:
                if cell == x:
                    return True
    return False


def add_cell(team: Rows, x: int, y: int) -> None:
    """Insert the cell where the order of rows and of cells wants it."""
    for i, row in enumerate(team):
        if row[0] == y:
            for j in range(1, len(row)):
                if x < row[j]:
                    row.insert(j, x)
                    return
            row.append(x)
            return
        if y < row[0]:
            team.insert(i, [y, x])
            return
    team.append([y, x])
