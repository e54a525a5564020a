"""The outside world, one thing a module: git, processes, the journal."""
