"""What a team has today: a linter, its own tests and its scheduler's parse, in one command that knows base from head.

It is the stack that the laboratory sets beside others. Each tool runs at both commits, and only what is new at head
counts, so that a repository with old warts is treated as fairly as a clean one.
"""
