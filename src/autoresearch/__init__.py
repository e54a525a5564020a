"""autoresearch: an experiment-loop runner you can trust asleep."""

__version__ = "0.1.0"
