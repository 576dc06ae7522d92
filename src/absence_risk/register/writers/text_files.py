"""Write frames as CSV or JSON lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    import numpy.typing as npt
    import pandas as pd

__all__ = ["each", "in_words", "iso", "time_text", "write_csv", "write_json_lines"]


def write_csv(
    frame: pd.DataFrame,
    path: Path,
    *,
    delimiter: str = ",",
    decimal: str = ".",
    dates: str = "%Y-%m-%d",
    encoding: str = "utf-8",
) -> None:
    """Write a frame; missing values become empty cells.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns of text, numbers or dates.
    path : Path
        File to write.
    delimiter, decimal : str
        Column separator and decimal sign.
    dates : str
        Form of dates.
    encoding : str
        Text encoding.
    """
    times = [name for name in frame.columns if frame[name].dtype.kind == "M"]
    frame.assign(**{name: time_text(frame[name], dates) for name in times}).to_csv(
        path,
        index=False,
        sep=delimiter,
        decimal=decimal,
        encoding=encoding,
        lineterminator="\n",
    )


def time_text(times: pd.Series, form: str) -> npt.NDArray[np.object_]:
    """Return times as text, each different one written once.

    Parameters
    ----------
    times : pandas.Series
        Times or missing.
    form : str
        Form as ``strftime`` takes it.

    Returns
    -------
    numpy.ndarray of object
        Text; None where there is none.

    Examples
    --------
    >>> import pandas as pd
    >>> time_text(pd.Series(pd.to_datetime(["2025-08-18", None])), "%d.%m.%Y").tolist()
    ['18.08.2025', None]
    """
    import pandas as pd  # noqa: PLC0415

    of_row, different = pd.factorize(times)
    names = np.array([*pd.DatetimeIndex(different).strftime(form), None], dtype=object)
    found: npt.NDArray[np.object_] = names[of_row]
    return found


def write_json_lines(objects: Iterable[dict[str, Any]], path: Path) -> None:
    """Write objects one per line, so that a fault can be found by its line.

    Parameters
    ----------
    objects : iterable of dict
        JSON-ready objects.
    path : Path
        File to write.
    """
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for one in objects:
            file.write(json.dumps(one, ensure_ascii=False, separators=(",", ":")) + "\n")


def each(frame: pd.DataFrame) -> Iterator[Any]:
    """Yield the rows of a frame, with columns as attributes.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns whose names are identifiers.

    Yields
    ------
    namedtuple
        One per row.
    """
    yield from frame.itertuples(index=False)


def in_words(values: pd.Series, words: Mapping[str, str]) -> npt.NDArray[np.object_]:
    """Return values in a layout's own words.

    Parameters
    ----------
    values : pandas.Series
        Text or missing.
    words : mapping of str to str
        The layout's word by ours; a value without one is written as it is.

    Returns
    -------
    numpy.ndarray of object
        Words; None where there is none.

    Examples
    --------
    >>> import pandas as pd
    >>> in_words(pd.Series(["girl", "x", None], dtype=object), {"girl": "F"}).tolist()
    ['F', 'x', None]
    """
    given = [value if isinstance(value, str) else None for value in values]
    return np.array([None if v is None else words.get(v, v) for v in given], dtype=object)


def iso(dates: pd.Series) -> npt.NDArray[np.object_]:
    """Return dates as text, None where there is none.

    Parameters
    ----------
    dates : pandas.Series
        Dates or missing.

    Returns
    -------
    numpy.ndarray of object
        ``"2025-08-18"`` or None.

    Examples
    --------
    >>> import pandas as pd
    >>> iso(pd.Series(pd.to_datetime(["2025-08-18", None]))).tolist()
    ['2025-08-18', None]
    """
    days = dates.to_numpy().astype("datetime64[D]")
    text = days.astype(str).astype(object)
    text[np.isnat(days)] = None
    return np.asarray(text)
