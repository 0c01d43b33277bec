"""The code location that Dagster loads: every target in the operator's settings."""

import gc

import dagster as dg

gc.freeze()  # what dagster brought stays; the collector would look at all of it again with every thing that is loaded

from meta_pipeline.defs.code_location import code_location
from meta_pipeline.settings import Home


@dg.definitions
def definitions() -> dg.Definitions:
    """Everything for the folder that `META_PIPELINE_HOME` names."""
    return code_location(Home.of_environment())
