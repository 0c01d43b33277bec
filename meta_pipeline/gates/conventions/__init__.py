"""What nearly all pipelines and nodes of a repository have in common, and what new ones lack of it."""
