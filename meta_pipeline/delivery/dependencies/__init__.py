"""What a repository depends on: its manifests and locks, read as texts."""
