"""What a command line says about a table of cases: outcomes, and how pupils were chosen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from absence_risk.evaluation.outcomes import Likert, Population, Rate
from absence_risk.evaluation.selection import Selected

if TYPE_CHECKING:
    from absence_risk.evaluation.outcomes import Outcome

__all__ = ["parse_outcome", "parse_selection"]

_OUTCOME_FORM = (
    "An outcome is NAME=BEFORE,AFTER for absence as a share, NAME=DAYS/SCHOOLDAYS,DAYS/SCHOOLDAYS "
    "for absence in days, or NAME=BEFORE,AFTER,LOWEST,HIGHEST for a scale (items joined by +), "
    "with options such as better=lower, reliability=0.84, mean=3.4, sd=0.8, margin=0.01; got {0!r}."
)
_CHOSEN = re.compile(r"\s*(.+?)\s*(>=|<=)\s*([\d.]+)\s*(%?)\s*(?:in\s+(.+?)\s*)?$")


def parse_outcome(text: str) -> tuple[str, Outcome]:
    """Return the name of an outcome and the outcome.

    Parameters
    ----------
    text : str
        For example ``"absence=before,after"`` or ``"wellbeing=wb0,wb1,1,5,reliability=0.84"``.

    Returns
    -------
    tuple of str and (Rate or Likert)
        Name and outcome.

    Raises
    ------
    ValueError
        If the text is not of that form, or a number is out of range.

    Examples
    --------
    >>> name, outcome = parse_outcome("wellbeing=wb0,wb1,1,5,better=higher")
    >>> name, outcome.high
    ('wellbeing', 5.0)
    """
    name, _, rest = text.partition("=")
    parts = [part.strip() for part in rest.split(",")]
    plain = [part for part in parts if "=" not in part]
    options = dict(part.split("=", 1) for part in parts if "=" in part)
    if not name.strip() or len(plain) not in (2, 4) or not all(plain):
        raise ValueError(_OUTCOME_FORM.format(text))
    try:
        given = _options(options)
        if len(plain) == 4:
            low, high = float(plain[2]), float(plain[3])
            waves = (_columns(plain[0], "+"), _columns(plain[1], "+"))
            return name.strip(), Likert(pre=waves[0], post=waves[1], low=low, high=high, **given)
        pre, post = (_days(part) for part in plain)
        return name.strip(), Rate(pre=pre, post=post, **given)
    except KeyError as error:
        raise ValueError(f"{_OUTCOME_FORM.format(text)} Unknown: {error.args[0]}.") from None
    except TypeError:
        raise ValueError(_OUTCOME_FORM.format(text)) from None


def _columns(text: str, sign: str) -> str | tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(sign))
    return parts if len(parts) > 1 else parts[0]


def _days(text: str) -> str | tuple[str, str]:
    found = _columns(text, "/")
    if isinstance(found, str):
        return found
    days, school_days = found if len(found) == 2 else ("", "")
    if not days or not school_days:
        raise ValueError(_OUTCOME_FORM.format(text))
    return days, school_days


def _options(given: dict[str, str]) -> dict[str, Any]:
    """Return the options as the outcomes take them."""
    read = {
        "better": str,
        "margin": float,
        "reliability": float,
        "missing_items": float,
        "instrument": str,
        "language": str,
        "mean": float,
        "sd": float,
    }
    values: dict[str, Any] = {
        key.strip(): read[key.strip()](value.strip()) for key, value in given.items()
    }
    mean, sd = values.pop("mean", None), values.pop("sd", None)
    if (mean is None) != (sd is None):
        raise ValueError("Give mean and sd of all pupils together, or neither.")
    if mean is not None and sd is not None:
        values["population"] = Population(mean=mean, sd=sd)
    return values


def parse_selection(text: str) -> Selected:
    """Return the rule by which pupils were chosen.

    Parameters
    ----------
    text : str
        For example ``"absence>=0.15"``, or ``"absence>=15% in alarm"`` where another column than
        the baseline holds the level that chose them.

    Returns
    -------
    Selected
        The rule.

    Raises
    ------
    ValueError
        If the text is not of that form.

    Examples
    --------
    >>> parse_selection("absence >= 15 % in alarm").measure
    'alarm'
    """
    found = _CHOSEN.match(text)
    try:
        assert found is not None
        level = float(found[3]) / (100 if found[4] else 1)
    except (AssertionError, ValueError):
        raise ValueError(
            "How pupils were chosen is OUTCOME>=LEVEL or OUTCOME<=LEVEL, with 'in COLUMN' where "
            f"the level that chose them stands in a column of its own; got {text!r}."
        ) from None
    if found[2] == ">=":
        return Selected(found[1], measure=found[5], at_least=level)
    return Selected(found[1], measure=found[5], at_most=level)
