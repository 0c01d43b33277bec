"""What watches over a repository: its linters, its tests' settings, its CI, its policy, and who may approve."""
