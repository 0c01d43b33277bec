"""The design stage in Dagster."""
