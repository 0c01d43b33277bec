"""Gates on what the target's own tools reported, at base and head."""
