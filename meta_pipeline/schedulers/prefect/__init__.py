"""Prefect as a target: its flows from source and from Prefect itself, and dry runs."""
