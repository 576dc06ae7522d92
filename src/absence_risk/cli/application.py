"""The application to which each verb adds itself."""

from __future__ import annotations

import typer

__all__ = ["EXIT_PROBLEMS", "EXIT_USAGE", "app"]


EXIT_PROBLEMS = 1
EXIT_USAGE = 2

app = typer.Typer(
    name="absence-risk",
    help="What school-absence data can carry, and what they cannot.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
