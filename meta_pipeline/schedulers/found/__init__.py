"""What the files of a repository tell about how it is built, tested and documented, each with the reason."""
