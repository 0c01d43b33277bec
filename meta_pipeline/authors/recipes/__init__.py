"""Deterministic recipes: each turns one kind of demand into new file contents."""
