"""Gates on what was understood of an issue."""
