"""States instead of results, errors that are caught, a hook by decorator."""

from prefect import allow_failure, flow, task
from prefect.states import Completed


@task
def risky():
    raise ValueError


@task
def recover(x):
    return x


@task
def always(x):
    return x


@flow
def states():
    state = risky(return_state=True)
    later = risky.submit()
    recover(allow_failure(later))
    try:
        always(state)
    except ValueError:
        recover(None)
    finally:
        always.submit(1, wait_for=[later])
    return Completed(message="done")


@states.on_failure
def tell(flow, flow_run, state):
    print(state)
