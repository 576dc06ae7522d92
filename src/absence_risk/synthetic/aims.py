"""What a preset is calibrated to: published figures, and what may change to meet them."""

from __future__ import annotations

import importlib.resources
import tomllib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk import check
from absence_risk.synthetic.checks import near
from absence_risk.synthetic.figures import COUNTED, Figure

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Aim", "Free", "Target", "aim", "aims"]

_FOLDER = importlib.resources.files("absence_risk.synthetic") / "calibrations"
_SCALES = ("times", "log_odds", "plus", "by_grade", "last_times")
_PUPILS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A published figure.

    Parameters
    ----------
    figure : Figure
        What is measured.
    value, tolerance : float
        Published value, and how far from it a preset may be; same unit.
    source : str
        Where it was published.
    """

    figure: Figure
    value: float
    tolerance: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Free:
    """A parameter that calibration may change.

    Parameters
    ----------
    parameter : str
        Dotted name.
    scale : {"times", "log_odds", "plus", "by_grade", "last_times"}
        The parameter, or every entry of a list of them, is multiplied by exp(x), shifted by x in
        log-odds, or shifted by x; a list by grade gets a slope, x · (grade − 5)/4; the last entry
        of a list is multiplied by exp(x).
    low, high : float
        Least and largest x; 0 is the start.
    """

    parameter: str
    scale: str
    low: float
    high: float

    def __post_init__(self) -> None:
        """Check the scale and the range."""
        check.choice(self.scale, _SCALES, "scale")
        if not self.low <= 0 <= self.high or self.low == self.high:
            raise ValueError(f"{self.parameter}: low ≤ 0 ≤ high is needed, with low < high.")

    def moved(self, value: Any, by: float) -> Any:
        """Return the parameter's value, moved.

        Parameters
        ----------
        value : float or tuple of float
            Value at the start.
        by : float
            x.

        Returns
        -------
        float or list of float
            The moved value.
        """
        start = np.asarray(value, dtype=np.float64)
        if self.scale == "times":
            new = start * np.exp(by)
        elif self.scale == "plus":
            new = start + by
        elif self.scale == "by_grade":
            new = start + by * (np.arange(1, 10) - 5) / 4
        elif self.scale == "last_times":
            new = start * np.exp(np.where(np.arange(start.size) == start.size - 1, by, 0.0))
        else:
            odds = start / (1 - start) * np.exp(by)
            new = odds / (1 + odds)
        return new.tolist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What a preset is calibrated to.

    Parameters
    ----------
    name : str
        Name of the preset.
    counted : {"minutes", "start_of_day", "sessions"}
        How the statistic counts absence.
    pupils : int
        Pupils of a world of the search: more where a figure rests on few of them.
    start : mapping of str to object
        Values of parameters where the search starts, by dotted name.
    targets : tuple of Target
        Published figures.
    free : tuple of Free
        Parameters that may change.
    """

    name: str
    counted: str
    pupils: int
    start: Mapping[str, Any]
    targets: tuple[Target, ...]
    free: tuple[Free, ...]

    @classmethod
    def from_raw(cls, name: str, raw: Mapping[str, Any]) -> Aim:
        """Return the content of a calibration's TOML file.

        Parameters
        ----------
        name : str
            Name of the preset.
        raw : mapping
            Keys counted, start, target and free, and perhaps pupils.

        Returns
        -------
        Aim
            The aim.

        Raises
        ------
        ValueError
            If a word is unknown or a free parameter has no start.
        """
        known = {declared.name for declared in fields(Figure)}
        targets = []
        for item in raw["target"]:
            figure = {key: value for key, value in item.items() if key in known}
            if "grades" in figure:
                figure["grades"] = tuple(figure["grades"])
            rest = {key: value for key, value in item.items() if key not in known}
            targets.append(Target(figure=Figure(**figure), **rest))
        start = dict(raw["start"])
        free = tuple(Free(**item) for item in raw["free"])
        lost = [item.parameter for item in free if item.parameter not in start]
        if lost:
            raise ValueError(f"{name}: no start is given for {', '.join(lost)}.")
        return cls(
            name=name,
            counted=check.choice(raw["counted"], COUNTED, "counted"),
            pupils=check.positive_int(raw.get("pupils", _PUPILS), "pupils"),
            start=start,
            targets=tuple(targets),
            free=free,
        )


def aims() -> tuple[str, ...]:
    """Return the presets that are calibrated to published figures.

    Returns
    -------
    tuple of str
        Names, sorted.
    """
    files = (item.name for item in _FOLDER.iterdir())
    return tuple(sorted(file.removesuffix(".toml") for file in files if file.endswith(".toml")))


def aim(name: str) -> Aim:
    """Return what a preset is calibrated to.

    Parameters
    ----------
    name : str
        One of `aims`.

    Returns
    -------
    Aim
        Published figures, each with its source, and the parameters that may change.

    Raises
    ------
    ValueError
        If no calibration has this name; the nearest is offered.

    Examples
    --------
    >>> aim("denmark_2018").targets[0].figure.label()
    'mean absence'
    """
    if name not in aims():
        raise ValueError(f"There is no calibration {name!r}.{near(name, list(aims()))}")
    text = (_FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    return Aim.from_raw(name, tomllib.loads(text))
