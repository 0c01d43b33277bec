"""What the Python source of a change says, read without running it."""
