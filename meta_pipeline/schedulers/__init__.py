"""What each scheduler makes of a repository: detection, topology, parse, dry run."""
