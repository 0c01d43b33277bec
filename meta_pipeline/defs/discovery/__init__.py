"""The discovery stage in Dagster."""
