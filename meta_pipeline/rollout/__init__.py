"""From an approved change to the default branch, and the way back."""
