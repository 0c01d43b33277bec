"""Change requests: read from the inbox, met with the repository, and digested into measurable requirements."""
