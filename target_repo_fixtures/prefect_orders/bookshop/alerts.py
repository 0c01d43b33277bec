"""Who is told when a flow fails. The runbook says what each of them does."""

from prefect.logging import get_logger


def page_on_call(flow, flow_run, state) -> None:
    """The deployment's automation watches for this line and pages."""
    get_logger("bookshop.alerts").error("PAGE %s: %s is %s", flow.name, flow_run.name, state.name)
