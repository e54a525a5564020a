"""The honest work: how many letters must be changed, put in or left out to make one word of another."""


def distance(first, second):
    row = list(range(len(second) + 1))
    for n, letter in enumerate(first, 1):
        above, row[0] = row[0], n
        for k, other in enumerate(second, 1):
            above, row[k] = row[k], min(row[k] + 1, row[k - 1] + 1, above + (letter != other))
    return row[-1]
