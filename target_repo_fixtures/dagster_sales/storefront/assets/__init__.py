"""The assets, a module for each step of the way."""
