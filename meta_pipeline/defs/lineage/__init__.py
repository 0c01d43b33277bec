"""The target's own pipelines in Dagster: external assets, and the events that deliveries leave on them."""
