"""What differences mean to people: like ones in one sentence, by importance, and what on-call must know."""
