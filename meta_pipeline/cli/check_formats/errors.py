"""An error, for whoever reads the answers of a command."""

import sys

from meta_pipeline.cli.output import Exit, print_document


def print_error(message: str, form: str, status: Exit) -> None:
    """Print it on standard output in the form that was asked for; nothing where that is text, or no form at all."""
    if form == "json":
        from meta_pipeline.cli.documents import ErrorDocument

        print_document(ErrorDocument(error=message))
    elif form == "sarif":
        from meta_pipeline.cli.check_formats import sarif

        sys.stdout.write(sarif.error(message, status))
    elif form == "github":
        from meta_pipeline.cli.check_formats import github, markdown, summary

        sys.stdout.write(f"{github.error(message)}\n")
        summary.append(markdown.error(message))
    elif form == "markdown":
        from meta_pipeline.cli.check_formats import markdown

        sys.stdout.write(markdown.error(message))
