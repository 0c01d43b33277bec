"""Run checkpoints of a Great Expectations project and write what they found as JSON.

A script of its own: it runs inside the target's environment, with the root of the target as working
folder, and needs great_expectations 1.x and nothing of ours. What the target prints does no harm, as
the result goes to a file.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any, Optional

# The folder of this script holds modules of ours, which must not stand before the target's own.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")


def run(context: Any, name: str) -> dict[str, Any]:
    """One checkpoint's results as a plain value; an exception becomes its `error`."""
    try:
        outcome = context.checkpoints.get(name).run()
    except Exception as error:  # noqa: BLE001  whatever a project's own expectations raise is a result here
        return {
            "name": name,
            "error": f"{type(error).__name__}: {error}"[:2000],
            "success": False,
            "results": [],
        }
    results = [
        result(validation, expectation)
        for validation in outcome.run_results.values()
        for expectation in validation.results
    ]
    return {"name": name, "error": None, "success": bool(outcome.success), "results": results}


def result(validation: Any, expectation: Any) -> dict[str, Any]:
    """One expectation's outcome."""
    config = expectation.expectation_config
    kwargs = dict(config.kwargs)
    detail = expectation.result or {}
    raised = expectation.exception_info or {}
    messages = raised_messages(raised)
    return {
        "type": config.type,
        "asset": asset_of(validation),
        "suite": validation.suite_name,
        "column": kwargs.get("column"),
        "success": bool(expectation.success),
        "unexpected": detail.get("unexpected_count"),
        "elements": detail.get("element_count"),
        "raised": "; ".join(messages) or None,
        "summary": summary(kwargs, detail),
    }


def raised_messages(raised: dict[str, Any]) -> list[str]:
    """The exceptions inside an expectation: one mapping, or one for each metric."""
    if "raised_exception" in raised:
        return [str(raised.get("exception_message"))] if raised["raised_exception"] else []
    return [str(each.get("exception_message")) for each in raised.values() if each.get("raised_exception")]


def asset_of(validation: Any) -> Optional[str]:  # noqa: UP045  the target may run Python 3.9
    """The data asset that was looked at, by its name in the project."""
    meta = validation.meta or {}
    batch = meta.get("active_batch_definition") or meta.get("batch_spec") or {}
    if isinstance(batch, dict) and batch.get("data_asset_name"):
        return str(batch["data_asset_name"])
    named: Optional[str] = getattr(validation, "asset_name", None)  # noqa: UP045
    return named or (validation.batch_id or "").split("-")[-1] or None


def summary(kwargs: dict[str, Any], detail: dict[str, Any]) -> str:
    """What was expected and what was seen, in a line."""
    expected = ", ".join(
        f"{key}={value}" for key, value in sorted(kwargs.items()) if key not in ("column", "batch_id")
    )
    seen = detail.get("observed_value")
    if detail.get("unexpected_count") is not None:
        sample = ", ".join(map(str, (detail.get("partial_unexpected_list") or [])[:5]))
        seen = f"{detail['unexpected_count']} of {detail.get('element_count')} values are unexpected"
        seen += f" ({sample})" if sample else ""
    return f"expected {expected or 'it to hold'}; {seen}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--project", required=True)
    parser.add_argument("--checkpoint", action="append", required=True)
    parser.add_argument("--output", required=True)
    arguments = parser.parse_args()

    import great_expectations as gx

    context = gx.get_context(mode="file", context_root_dir=str(Path(arguments.project).resolve()))
    document = {"checkpoints": [run(context, name) for name in arguments.checkpoint]}
    with Path(arguments.output).open("w", encoding="utf-8") as file:
        json.dump(document, file, default=str)


if __name__ == "__main__":
    main()
