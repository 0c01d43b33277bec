"""What looks like a credential in added lines."""
