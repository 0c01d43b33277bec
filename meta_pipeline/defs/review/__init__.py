"""The review stage in Dagster."""
