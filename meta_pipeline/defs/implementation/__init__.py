"""The implementation stage in Dagster."""
