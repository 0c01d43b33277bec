"""Gates on what is merged and deployed."""
