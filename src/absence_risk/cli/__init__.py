"""The command line: one verb per task.

Exit codes: 0 done, 1 the data have problems (listed), 2 wrong usage.
"""

from __future__ import annotations

import sys
import warnings

import typer

# Each module adds its verb; their order is that of the help.
# isort: off
from absence_risk.cli import simulate, validate, import_export, new_key, study, threshold  # noqa: F401
from absence_risk.cli import evaluation, design  # noqa: F401

# isort: on
from absence_risk.cli.application import EXIT_PROBLEMS, EXIT_USAGE, app
from absence_risk.cli.terminal import warn
from absence_risk.errors import AbsenceRiskError

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; bad input ends with a message and a code, never a traceback."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = warn
            app()
    except FileExistsError as error:
        typer.echo(str(error), err=True)
        sys.exit(EXIT_USAGE)
    except (AbsenceRiskError, OSError) as error:
        typer.echo(str(error), err=True)
        sys.exit(EXIT_PROBLEMS)
