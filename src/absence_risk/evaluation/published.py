"""Published figures of evaluations with a comparison group, for worked examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["mass_table"]

_MASS = (
    ("programme", 493, 0, 8.5, 3.9),
    ("programme", 493, 3, 5.7, 2.5),
    ("programme", 493, 12, 4.9, 2.2),
    ("comparison", 445, 0, 9.9, 4.5),
    ("comparison", 445, 3, 8.4, 3.5),
    ("comparison", 445, 12, 8.9, 3.7),
)


def mass_table() -> pd.DataFrame:
    """Return the published table of the Dutch MASS study of sickness absence.

    Pre-vocational schools; means per pupil in 12 school weeks. No standard deviations are in it,
    so no interval can be made from it (Vanneste-van Zandvoort et al. 2016, BMC Public Health
    16:1107, abstract).

    Returns
    -------
    pandas.DataFrame
        Columns arm, n, months (0, 3, 12), days (days reported sick) and spells (times).

    Examples
    --------
    >>> table = mass_table()
    >>> table.loc[table["months"] == 0, "days"].tolist()
    [8.5, 9.9]
    """
    import pandas as pd  # noqa: PLC0415 (importing the package must stay instant)

    return pd.DataFrame(list(_MASS), columns=["arm", "n", "months", "days", "spells"])
