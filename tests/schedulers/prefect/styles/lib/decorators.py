"""The team's own decorators over Prefect's."""

from functools import wraps

from prefect import flow, task


def resilient_task(retries: int = 3, **options):
    def decorate(function):
        @task(name=function.__name__, retries=retries, retry_delay_seconds=20, **options)
        @wraps(function)
        def wrapped(*args, **kwargs):
            return function(*args, **kwargs)

        return wrapped

    return decorate


def team_flow(name: str):
    def decorate(function):
        return flow(name=name, log_prints=True, timeout_seconds=900)(function)

    return decorate
