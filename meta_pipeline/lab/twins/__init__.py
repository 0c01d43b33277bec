"""Harmless changes that a gate must let through: one class a file, each a `Mutator`."""
