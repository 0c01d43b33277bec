"""What a repository says of who owns data, who may see it and how long it is kept."""
