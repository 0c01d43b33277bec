"""The command line of meta-pipeline."""

from meta_pipeline.cli.app import main

__all__ = ["main"]
