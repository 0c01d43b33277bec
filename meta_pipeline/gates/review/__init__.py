"""Gates on what a reviewer is given."""
