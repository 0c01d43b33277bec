"""From a metric that a recipe wants watched to one with a source and an alert of the target's policy."""

import re

from meta_pipeline.authors.recipes.recipe import Watch
from meta_pipeline.delivery.plan import Metric
from meta_pipeline.policy import MonitoringPolicy


def watched(watch: Watch, monitoring: MonitoringPolicy) -> Metric:
    """The metric with the policy's dashboard as source and the alerts that name what is watched.

    Source and alert stay empty where the policy has none: nobody would be told.
    """
    names = _words(watch.of)
    about = [alert for alert in monitoring.alerts if _begins(_words(alert), names)]
    return Metric(
        name=f"{watch.name} of {watch.of}",
        source=monitoring.dashboard or "",
        threshold=watch.threshold,
        alert=", ".join(about or monitoring.alerts),
    )


def failures_of(pipeline: str, attempts: str = "task instances") -> Watch:
    """The metric to watch after any change of a pipeline; `attempts` is what its scheduler calls them."""
    return Watch(f"failed {attempts}", pipeline, "more per day than in the week before the change")


def _words(name: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", name.casefold()) if word]


def _begins(alert: list[str], names: list[str]) -> bool:
    """Whether the alert begins with the first two words of the name, or with its only one."""
    return alert[: len(names[:2])] == names[:2] if names else False
