"""Python source read without running it: what its statements build, as far as source alone can tell."""
