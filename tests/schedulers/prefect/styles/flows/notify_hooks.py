"""Hooks of every sort, timeouts, and tags."""

import functools

from prefect import flow, task

from lib.hooks import page_on_call


def slack(channel, flow, flow_run, state):
    print(channel, flow, flow_run, state)


class Mailer:
    def __call__(self, task, run, state):
        print(task, run, state)


ON_CALL = [page_on_call, functools.partial(slack, "#data")]


@task(on_failure=[Mailer()], timeout_seconds=30.5, tags=["critical"])
def guarded_call() -> None:
    print("called")


@guarded_call.on_failure
def tell_data_team(task, run, state):
    print(task, run, state)


@flow(on_failure=ON_CALL, on_crashed=[page_on_call], on_completion=[page_on_call], on_cancellation=[page_on_call])
def watched():
    guarded_call()
    guarded_call.with_options(tags=["retry"], timeout_seconds=5, retries=1)()
