"""Prints a verdict in one of its forms."""

import os
import sys
from typing import Literal

from meta_pipeline.cli.check_formats.judged import Judged
from meta_pipeline.cli.output import Exit, print_document

Form = Literal["text", "json", "sarif", "github", "markdown"]


def print_judged(judged: Judged, form: Form, status: Exit) -> None:
    """Each form loads what it needs, and only that."""
    match form:
        case "text":
            from meta_pipeline.cli.check_formats import text

            text.show(judged)
        case "json":
            print_document(judged.document)
        case "sarif":
            from meta_pipeline.cli.check_formats import sarif
            from meta_pipeline.gates.catalogue import catalogue

            sys.stdout.write(sarif.log(judged, catalogue().gates.values(), status))
        case "github":
            from meta_pipeline.cli.check_formats import github, markdown, summary

            has_summary = summary.append(markdown.page(judged, markdown.Links.of_environment(os.environ)))
            sys.stdout.writelines(f"{line}\n" for line in github.commands(judged, summary=has_summary))
        case "markdown":
            from meta_pipeline.cli.check_formats import markdown

            sys.stdout.write(markdown.page(judged, markdown.Links.of_environment(os.environ)))
