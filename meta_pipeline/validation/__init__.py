"""Running the target's own tools at base and head, and reading what they say."""
