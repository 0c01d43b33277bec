"""The contracts of a repository's datasets: read from whatever declares them, and compared."""
