"""The code location that Dagster loads: every target in the operator's settings."""

import gc

import dagster as dg


@dg.definitions
def definitions() -> dg.Definitions:
    """Everything for the folder that `META_PIPELINE_HOME` names."""
    gc.freeze()  # what dagster brought stays: else the collector walks all of it again while the rest is loaded
    from meta_pipeline.defs.code_location import code_location
    from meta_pipeline.settings import Home

    return code_location(Home.of_environment())
