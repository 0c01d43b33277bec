"""The domain: frozen types and pure functions; no input or output, no Dagster."""
