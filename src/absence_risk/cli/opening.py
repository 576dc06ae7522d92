"""Open a register for a verb; what is wrong usage is said to be one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from absence_risk.errors import AbsenceRiskError

if TYPE_CHECKING:
    from pathlib import Path

    from absence_risk.register.register import Register

__all__ = ["opened", "refuse_unknown", "viewed"]


def opened(folder: Path, layout: str | None, key: Path | None) -> Register:
    """Open a register; an unknown layout is wrong usage.

    Parameters
    ----------
    folder : Path
        Folder with a register or an export.
    layout : str or None
        Layout of an export.
    key : Path or None
        Key file.

    Returns
    -------
    Register
        The register.
    """
    from absence_risk.register.opening import read_register  # noqa: PLC0415

    refuse_unknown(layout)
    return read_register(folder, layout, key=key)


def viewed(register: Register, as_of: str) -> Register:
    """Return a register as it was known on a date; what is no date is wrong usage.

    Parameters
    ----------
    register : Register
        The register.
    as_of : str
        Date.

    Returns
    -------
    Register
        Its rows as known then.
    """
    try:
        return register.as_of(as_of)
    except AbsenceRiskError:
        raise
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--as-of") from error


def refuse_unknown(layout: str | None) -> None:
    """Refuse a layout that nobody knows as wrong usage.

    Parameters
    ----------
    layout : str or None
        Name of a layout or mapping file.

    Raises
    ------
    typer.BadParameter
        If there is no such layout.
    """
    from absence_risk.register.readers.foreign import find_mapping  # noqa: PLC0415

    try:
        if layout not in (None, "canonical"):
            find_mapping(layout)
    except AbsenceRiskError:
        raise
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--layout") from error
