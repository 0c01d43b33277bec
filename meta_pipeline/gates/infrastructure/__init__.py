"""What a repository builds, deploys and runs with: CI, containers and infrastructure, read as texts."""
