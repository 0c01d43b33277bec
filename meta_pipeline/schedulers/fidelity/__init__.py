"""How true the static topologies are, measured against the runtime ones."""
