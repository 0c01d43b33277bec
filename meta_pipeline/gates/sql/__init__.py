"""What the statements of a SQL text do to data."""
