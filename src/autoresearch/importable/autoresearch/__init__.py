"""`autoresearch` for a Python that has not installed it: `autoresearch.bench`, and nothing that needs a dependency."""

from pathlib import Path

__path__ = [str(Path(__file__).resolve().parents[2])]
