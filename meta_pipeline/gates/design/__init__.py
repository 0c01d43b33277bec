"""Gates on the plan of a change and on what it depends on."""
