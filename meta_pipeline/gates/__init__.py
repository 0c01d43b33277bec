"""The gates: one rule a file, each a class with its own passing and failing examples."""
