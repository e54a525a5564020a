def score(words, query):
    total = 0
    for word in words:
        for q in query:
            if word == q:
                total += 1
            elif word.startswith(q):
                total += 0.5
    return total


def rank(documents, query):
    scored = [(score(d.split(), query), d) for d in documents]
    scored.sort(reverse=True)
    return [d for _, d in scored]