"""Safeguards taken away: retries, backoff, timeouts, alerts, limits. All work on settings in Python."""

import ast
import random
import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from meta_pipeline.delivery.topology import SchedulerKind
from meta_pipeline.lab.editing import Change, Edit
from meta_pipeline.lab.mutation import Base, Mutation, Mutator, Place
from meta_pipeline.lab.pipeline_source import (
    Setting,
    calls_around,
    decorated_by,
    is_off,
    setting_beside,
    settings,
)
from meta_pipeline.lab.python_source import PythonSource, entry_span, python_of, text_value
from meta_pipeline.lab.repository import ANY, PYTHON, mentions
from meta_pipeline.lab.yaml_source import yaml_of


class Dropped(Mutator):
    """A setting that is taken out, or turned off where taking it out would leave a default in force."""

    names: ClassVar[Mapping[SchedulerKind, tuple[str, ...]]]
    off: ClassVar[Mapping[str, str]] = {}
    yaml_names: ClassVar[Mapping[SchedulerKind, tuple[str, ...]]] = {}
    what: ClassVar[str]
    is_harmful = True

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        yield from self._yaml_mutations(base)
        source = python_of(base)
        if source is None:
            return
        found = list(settings(source, base.scheduler, *self.names.get(base.scheduler, ())))
        inherited = {setting.name for setting in found if setting.scope == "defaults"}
        for setting in found:
            if is_off(setting.value) or not self.is_worth(source, setting):
                continue
            off = self.off.get(setting.name)
            keeps_default = setting.scope != "defaults" and setting.name in inherited
            if off is not None and (keeps_default or dice.random() < 0.3 or self.must_be_off(setting)):
                yield self._turned_off(source, setting, off)
            elif not keeps_default and not self.must_be_off(setting):
                edit = source.text.without_item(setting.span)
                yield Change(source.text, [edit], setting.near).fault(
                    f"takes out `{setting.name}`: {self.what}"
                )

    def _yaml_mutations(self, base: Base) -> Iterator[Mutation]:
        names = self.yaml_names.get(base.scheduler, ())
        document = yaml_of(base) if names and ".github/" not in base.path else None
        for entry in document.entries() if document else ():
            if entry.key in names and document and entry.value_text not in {"", "null", "0", "false"}:
                held = document.text.value[slice(*entry.span)]
                is_off_around = getattr(document.siblings(entry).get("enabled"), "value", "") == "false"
                if is_off_around or re.search(r"^\s+enabled:\s*false\b", held, re.MULTILINE):
                    continue  # it did nothing before
                edit = document.without(entry)
                yield Change(document.text, [edit], document.near(entry)).fault(
                    f"takes out `{entry.key}` of {document.subject(entry)}: {self.what}"
                )

    def is_worth(self, source: PythonSource, setting: Setting) -> bool:
        """Whether the setting does anything that can be lost."""
        return True

    def must_be_off(self, setting: Setting) -> bool:
        """Whether taking the setting out changes nothing, as the scheduler's default is the same."""
        return False

    def _turned_off(self, source: PythonSource, setting: Setting, off: str) -> Mutation:
        start, end = setting.span
        value = source.source(setting.value)
        head = source.text.value[start:end]
        edit = Edit(start + head.rindex(value), start + head.rindex(value) + len(value), off)
        return Change(source.text, [edit], setting.near).fault(f"sets `{setting.name}` to {off}: {self.what}")


class RetriesDropped(Dropped):
    """Retries are taken from a task, or from all tasks of a DAG through its `default_args`.

    A short outage of a source, which a second attempt would have survived, then fails the run.
    """

    id = "retries-dropped"
    seen_by = "load"
    schedulers = PYTHON
    names: ClassVar = {
        "airflow": ("retries",),
        "dagster": ("retry_policy", "op_retry_policy", "max_retries"),
        "prefect": ("retries",),
    }
    off: ClassVar = {"retries": "0", "max_retries": "0"}
    yaml_names: ClassVar = {"dagster": ("run_retries", "max_retries"), "airflow": ("retries",)}
    what = "a run fails with its first error"

    def must_be_off(self, setting: Setting) -> bool:
        """A policy that names no number still tries once more."""
        return setting.name == "max_retries"


class BackoffDropped(Dropped):
    """The wait between attempts is taken out, or the exponential growth of it.

    All attempts are then spent within the same outage, and a struggling source is pressed harder.
    """

    id = "backoff-dropped"
    seen_by = "load"
    schedulers = PYTHON
    names: ClassVar = {
        "airflow": ("retry_exponential_backoff", "retry_delay"),
        "dagster": ("backoff", "delay"),
        "prefect": ("retry_delay_seconds",),
    }
    off: ClassVar = {"retry_exponential_backoff": "False", "retry_delay_seconds": "0"}
    what = "attempts follow each other without a growing wait"

    def is_worth(self, source: PythonSource, setting: Setting) -> bool:
        """Whether there are attempts to wait between, and more of a wait than Airflow's own five minutes."""
        value = setting.value
        if not _has_retries(setting) or (_is_short(value)):
            return False
        if setting.name != "retry_delay":
            return setting.name not in {"backoff", "delay"} or _is_retry_policy(source, setting)
        written = source.source(setting.value)
        return not any(
            small in written for small in ("minutes=5)", "minutes=1)", "minutes=2)", "minutes=3)", "seconds")
        )


class TimeoutDropped(Dropped):
    """The limit on how long a task, a run or a sensor may take is taken out.

    What hangs then hangs until somebody sees it, and holds its slot.
    """

    id = "timeout-dropped"
    schedulers = ANY
    names: ClassVar = {
        "airflow": ("execution_timeout", "dagrun_timeout", "timeout"),
        "dagster": ("timeout", "run_timeout", "timeout_seconds"),
        "prefect": ("timeout_seconds",),
    }
    yaml_names: ClassVar = {
        "dagster": ("max_runtime_seconds", "start_timeout_seconds"),
        "dbt": ("job_execution_timeout_seconds", "timeout_seconds"),
        "airflow": ("execution_timeout", "dagrun_timeout"),
    }
    what = "nothing stops what hangs"

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        yield from super().mutations(base, dice)
        source = python_of(base) if base.scheduler == "dagster" else None
        for node in source.nodes if source else ():
            for key, value in zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ():
                if source is not None and key is not None and text_value(key) == "dagster/max_runtime":
                    edit = source.text.without_item(entry_span(source, key, value))
                    near = calls_around(source, node)
                    yield Change(source.text, [edit], near).fault(
                        f"takes the longest run time out: {self.what}"
                    )


class AlertRemoved(Dropped):
    """The callback, hook or mail that tells people of a failure is taken out.

    Runs then fail in silence.
    """

    id = "alert-removed"
    schedulers = PYTHON
    names: ClassVar = {
        "airflow": ("on_failure_callback", "email_on_failure", "email", "sla_miss_callback"),
        "dagster": ("hooks",),
        "prefect": ("on_failure", "on_crashed"),
    }
    off: ClassVar = {"email_on_failure": "False"}
    what = "a failure tells nobody"

    def is_worth(self, source: PythonSource, setting: Setting) -> bool:
        """Addresses are of use only where mail is sent to them."""
        on_failure = setting_beside(setting, "email_on_failure")
        return setting.name != "email" or on_failure is None or not is_off(on_failure)

    def mutations(self, base: Base, dice: random.Random) -> Iterator[Mutation]:
        yield from super().mutations(base, dice)
        source = python_of(base) if base.scheduler == "dagster" else None
        for found in decorated_by(source, "dagster:run_failure_sensor") if source else ():
            name = found.function.name
            if source is not None and len(re.findall(rf"\b{name}\b", source.text.value)) == 1:
                edit = source.text.without_lines(source.statement(found.function))
                users = [Place(path, line, line) for path, line in mentions(base, name, ends=(".py",))]
                yield Change(source.text, [edit], places=users).fault(f"takes `{name}` out: {self.what}")

    def must_be_off(self, setting: Setting) -> bool:
        """Airflow mails on failure unless told otherwise."""
        return setting.name == "email_on_failure"


class SlaDropped(Dropped):
    """The deadline that a DAG, a task or an asset promises is taken out.

    Late data is then noticed by its readers, not by its owners.
    """

    id = "sla-dropped"
    schedulers: ClassVar = frozenset({"airflow", "dagster"})
    names: ClassVar = {
        "airflow": ("sla", "deadline"),
        "dagster": ("freshness_policy", "legacy_freshness_policy"),
    }
    what = "nothing tells that the data is late"


class LimitRemoved(Dropped):
    """A pool, a concurrency limit or a limit of active runs is taken out.

    Runs then write the same tables at once, or more of them than a source bears.
    """

    id = "limit-removed"
    schedulers = PYTHON
    names: ClassVar = {
        "airflow": (
            "pool",
            "max_active_runs",
            "max_active_tasks",
            "max_active_tis_per_dag",
            "depends_on_past",
        ),
        "dagster": ("pool", "concurrency_key", "op_concurrency"),
        "prefect": ("concurrency_limit", "task_run_concurrency"),
    }
    yaml_names: ClassVar = {
        "prefect": ("concurrency_limit",),
        "dagster": ("max_concurrent_runs", "tag_concurrency_limits", "pool"),
    }
    what = "more of it runs at once than may"

    def is_worth(self, source: PythonSource, setting: Setting) -> bool:
        """The default pool and Airflow's own limit of 16 are no limit that a team set."""
        return not (isinstance(setting.value, ast.Constant) and setting.value.value in {"default_pool", 16})


def _is_short(value: ast.expr) -> bool:
    """Whether a wait is so short that nothing is lost with it."""
    seconds = value.value if isinstance(value, ast.Constant) else None
    return isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds < 10


def _has_retries(setting: Setting) -> bool:
    """Whether the same call or dict asks for more than one attempt."""
    found = setting_beside(setting, "retries") or setting_beside(setting, "max_retries")
    return found is not None and not is_off(found)


def _is_retry_policy(source: PythonSource, setting: Setting) -> bool:
    return isinstance(setting.owner, ast.Call) and (source.name(setting.owner.func) or "").endswith(
        "RetryPolicy"
    )
