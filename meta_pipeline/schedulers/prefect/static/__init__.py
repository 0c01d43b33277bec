"""The flows and deployments of a folder, read from source only; no target code runs."""
