"""Faults that a gate must stop: one class of fault a file, each a `Mutator`."""
