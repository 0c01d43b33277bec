"""Tasks that several flows share."""

from prefect import task

RETRIES = 2
DEFAULTS = {"retries": RETRIES, "retry_delay_seconds": 15}


@task(**DEFAULTS)
def read_orders(day):
    return [day]


@task(persist_result=False, **DEFAULTS)
def build_report(orders):
    return {"orders": orders}
