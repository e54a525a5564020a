"""Summaries of a session, or of any results.tsv, for people and programs."""
