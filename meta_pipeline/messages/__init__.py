"""What people read: messages, notes and summaries, rendered from the artifacts."""
