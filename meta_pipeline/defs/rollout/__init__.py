"""The rollout stage in Dagster."""
