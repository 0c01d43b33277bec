"""Who writes a change: recipes, a human's patch, a command, an agent; the gates trust none of them."""
