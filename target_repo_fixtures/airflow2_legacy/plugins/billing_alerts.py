"""Whom a failing task tells. Airflow puts this folder on the import path."""

import logging

log = logging.getLogger(__name__)


def page_finance(context):
    """Page whoever is on call for finance."""
    task = context["task_instance"]
    log.error("PAGE finance-oncall: %s.%s failed", task.dag_id, task.task_id)


def note_missed_sla(dag, task_list, blocking_task_list, slas, blocking_tis):
    """Leave a note in the finance channel; nobody is woken up for it."""
    log.warning("NOTE finance: %s is late: %s", dag.dag_id, task_list)
