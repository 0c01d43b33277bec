"""The well-kept tools that gates ask: one a file, each given texts of a tree and nothing else of the repository."""
