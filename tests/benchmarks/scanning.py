"""Scans of a repository in one process, timed: all of it, then each of some commits that change one file.

usage: python scanning.py REPOSITORY REV [CHANGED_REV ...]

Prints a JSON document: the seconds of the first scan, those of each later one, the peak of memory in MB, and how many
pipelines were found. The reader is imported beforehand, as in a process that stays.
"""

import json
import resource
import sys
import time
from pathlib import Path

from meta_pipeline.policy import Policy, SchedulerPolicy
from meta_pipeline.schedulers.airflow.static import reader  # noqa: F401  so that no scan pays for it
from meta_pipeline.schedulers.survey import survey
from meta_pipeline.workspace.repository import open_repository

_POLICY = Policy(scheduler=SchedulerPolicy(kind="airflow", paths=("dags",)))


def main(repository: str, *revs: str) -> None:
    times = []
    found = 0
    for rev in revs:
        started = time.perf_counter()
        topologies = survey(open_repository(Path(repository)).tree(rev), _POLICY)
        times.append(time.perf_counter() - started)
        found = sum(len(topology.pipelines) for topology in topologies)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(
        json.dumps({"full": times[0], "again": times[1:], "memory_mb": peak, "pipelines": found})
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
