"""The Dagster layer: assets, checks, jobs and sensors, one folder a stage."""
