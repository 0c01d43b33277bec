"""What touches the machine: git, processes and their sandbox, and the target's own environments."""
