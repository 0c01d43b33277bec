"""The code location that Dagster loads: every target in the operator's settings."""

import dagster as dg

from meta_pipeline.defs.code_location import code_location
from meta_pipeline.settings import Home


@dg.definitions
def definitions() -> dg.Definitions:
    """Everything for the folder that `META_PIPELINE_HOME` names."""
    return code_location(Home.of_environment())
