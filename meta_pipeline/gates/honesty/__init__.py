"""Text that shows its reader something else than what runs."""
