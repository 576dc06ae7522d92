"""A scenario: every number of a simulated world, with the source of each, read from TOML."""

from __future__ import annotations

import importlib.resources
import itertools
import math
import tomllib
from dataclasses import Field, asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absence_risk import check
from absence_risk.errors import PolicyError
from absence_risk.policy import Staircase
from absence_risk.synthetic import parameters
from absence_risk.synthetic.calendar import CalendarPlan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["SECTIONS", "Scenario"]

SECTIONS: dict[str, Any] = {
    "size": parameters.Size,
    "illness": parameters.Illness,
    "leave": parameters.Leave,
    "avoidance": parameters.Avoidance,
    "label": parameters.Label,
    "lateness": parameters.Lateness,
    "reporting": parameters.Reporting,
    "referral": parameters.Referral,
    "team": parameters.Team,
    "wellbeing": parameters.Wellbeing,
    "harm": parameters.Harm,
}
_PRESETS = importlib.resources.files("absence_risk.synthetic") / "presets"
_HEAD = ("name", "title", "extends", "calendar")
_MONOTONE = {"avoidance.first_stage": -1, "wellbeing.thresholds": 1}


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """All parameters of a world.

    Parameters
    ----------
    name, title : str
        Short name, and one line on what the scenario is.
    calendar : CalendarPlan
        The school year.
    size, illness, leave, avoidance, label, lateness, reporting, referral, team, wellbeing, harm
        Parameters by mechanism, see `absence_risk.synthetic.parameters`.
    sources : mapping of str to str
        Source of each number, by dotted name (``"illness.onset_rate"``).

    Examples
    --------
    >>> Scenario.preset("municipality").with_values({"team.effect": 0.0}).team.effect
    0.0
    """

    name: str
    title: str
    calendar: CalendarPlan
    size: parameters.Size
    illness: parameters.Illness
    leave: parameters.Leave
    avoidance: parameters.Avoidance
    label: parameters.Label
    lateness: parameters.Lateness
    reporting: parameters.Reporting
    referral: parameters.Referral
    team: parameters.Team
    wellbeing: parameters.Wellbeing
    harm: parameters.Harm
    sources: Mapping[str, str]

    @classmethod
    def preset(cls, name: str) -> Scenario:
        """Load a scenario that comes with the package.

        Parameters
        ----------
        name : str
            ``"municipality"``, or ``"null"`` where nothing works and nothing harms.

        Returns
        -------
        Scenario
            The scenario.

        Raises
        ------
        ValueError
            If there is no such preset; the nearest name is offered.
        """
        return cls._build(_merge(_preset_raw(name)), name)

    @classmethod
    def from_toml(cls, path: str | Path) -> Scenario:
        """Read a scenario from a TOML file.

        Parameters
        ----------
        path : str or path
            File in the form of ``synthetic/presets/municipality.toml``; with ``extends`` it only
            names what differs from a preset.

        Returns
        -------
        Scenario
            The scenario.

        Raises
        ------
        ValueError
            If the file is no TOML, or holds unknown or missing keys, impossible values, numbers
            without a source, a staircase that is none, or a calendar without school days: every
            problem is named at once.
        FileNotFoundError
            If there is no such file.
        """
        where = Path(path).name
        try:
            raw = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{where} is not a TOML file: {error}.") from error
        return cls._build(_merge(raw), where)

    @classmethod
    def _build(cls, raw: dict[str, Any], where: str) -> Scenario:
        problems: list[str] = [*_unknown(raw), *_missing_head(raw)]
        values: dict[str, Any] = {}
        sources: dict[str, str] = {}
        for section, kind in SECTIONS.items():
            given = raw.get(section, {})
            found = dict(_section(section, kind, given if isinstance(given, dict) else {}))
            problems += [line for lines, _, _ in found.values() for line in lines]
            sources.update({f"{section}.{k}": source for k, (_, _, source) in found.items()})
            values[section] = {name: value for name, (_, value, _) in found.items()}
        plan, lines = CalendarPlan.from_raw(raw.get("calendar", {}))
        problems += [*lines, *_staircase(values["referral"].get("staircase"))]
        _refuse(where, problems)
        built: dict[str, Any] = {s: kind(**values[s]) for s, kind in SECTIONS.items()}
        built |= {"name": str(raw["name"]), "title": str(raw["title"]), "calendar": plan}
        return cls(**built, sources=sources)

    def with_values(self, changes: Mapping[str, Any]) -> Scenario:
        """Return the scenario with some parameters set to other values.

        Parameters
        ----------
        changes : mapping of str to number, word or list
            New values by dotted name, for example ``{"team.effect": 0.0}``.

        Returns
        -------
        Scenario
            The changed scenario; the source of each changed number is "set by do".

        Raises
        ------
        ValueError
            If a name is unknown or a value impossible; every problem is named at once.
        """
        problems: list[str] = []
        changed: dict[str, dict[str, Any]] = {}
        known = list(self.sources)
        for dotted, value in changes.items():
            if dotted not in self.sources:
                problems.append(f"do has the unknown name {dotted!r}.{_near(dotted, known)}")
                continue
            section, name = dotted.split(".")
            declared = next(f for f in fields(SECTIONS[section]) if f.name == name)
            problems += list(_check(dotted, declared, value))
            changed.setdefault(section, {})[name] = _frozen(value)
        _refuse("do", problems)
        parts = {s: replace(getattr(self, s), **new) for s, new in changed.items()}
        sources = {**self.sources, **dict.fromkeys(changes, "set by do")}
        return replace(self, **parts, sources=sources)

    def values(self) -> dict[str, dict[str, Any]]:
        """Return all parameters as plain nested dictionaries, ready for JSON.

        Returns
        -------
        dict
            Section → name → value.
        """
        return {section: asdict(getattr(self, section)) for section in SECTIONS}

    def to_toml(self) -> str:
        """Return the scenario as the text of a TOML file that `from_toml` reads back.

        Returns
        -------
        str
            Text with each number beside its source.
        """
        lines = [f"name = {_toml(self.name)}", f"title = {_toml(self.title)}", ""]
        lines += self.calendar.to_toml()
        for section, values in self.values().items():
            lines += ["", f"[{section}]"]
            lines += [
                f"{name} = {{ value = {_toml(value)}, "
                f"source = {_toml(self.sources[f'{section}.{name}'])} }}"
                for name, value in values.items()
            ]
        return "\n".join(lines) + "\n"


def _preset_raw(name: str) -> dict[str, Any]:
    known = sorted(p.name[:-5] for p in _PRESETS.iterdir() if p.name.endswith(".toml"))
    check.choice(name, known, "preset")
    return tomllib.loads((_PRESETS / f"{name}.toml").read_text(encoding="utf-8"))


def _merge(raw: dict[str, Any]) -> dict[str, Any]:
    """Lay a scenario over the preset it extends."""
    if "extends" not in raw:
        return raw
    under = _merge(_preset_raw(str(raw["extends"])))
    over = {
        key: {**under[key], **value}
        if key != "calendar" and isinstance(value, dict) and isinstance(under.get(key), dict)
        else value
        for key, value in raw.items()
    }
    return {**under, **over}


def _refuse(where: str, problems: list[str]) -> None:
    if problems:
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise ValueError(f"{where} is not a usable scenario:\n{lines}")


def _near(word: str, known: list[str]) -> str:
    near = check.nearest(word, known)
    return f" Did you mean {near!r}?" if near else ""


def _unknown(raw: Mapping[str, Any]) -> Iterator[str]:
    """Name unknown sections and keys."""
    for key, value in raw.items():
        if key not in SECTIONS and key not in _HEAD:
            yield f"unknown section {key!r}.{_near(key, [*SECTIONS, *_HEAD])}"
        elif key in SECTIONS and not isinstance(value, dict):
            yield f"{key} must be a table of parameters, got {value!r}."
        elif key in SECTIONS:
            names = [declared.name for declared in fields(SECTIONS[key])]
            for name in value:
                if name not in names:
                    yield f"{key} has the unknown key {name!r}.{_near(name, names)}"


def _missing_head(raw: Mapping[str, Any]) -> Iterator[str]:
    for key in ("name", "title"):
        if not isinstance(raw.get(key), str):
            yield f'{key} is missing; write {key} = "…".'


def _section(
    section: str, kind: Any, given: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[list[str], Any, str]]]:
    """Yield name → (problems, value, source) for every declared parameter of a section."""
    for declared in fields(kind):
        dotted = f"{section}.{declared.name}"
        if declared.name not in given:
            yield declared.name, ([f"{dotted} is missing."], None, "")
            continue
        entry = given[declared.name]
        if not isinstance(entry, dict) or set(entry) != {"value", "source"}:
            line = f'{dotted} must be written {{ value = …, source = "…" }}, got {entry!r}.'
            yield declared.name, ([line], None, "")
            continue
        value, source = entry["value"], str(entry["source"]).strip()
        lines = (
            [] if source else [f'{dotted} has no source; where there is none, say "assumption".']
        )
        yield declared.name, ([*lines, *_check(dotted, declared, value)], _frozen(value), source)


def _check(dotted: str, declared: Field[Any], value: Any) -> Iterator[str]:
    """Name what is impossible about the value of one parameter."""
    meta = declared.metadata
    if "words" in meta:
        allowed = meta["words"]
        if not isinstance(value, str) or (allowed and value not in allowed):
            words = f"one of {', '.join(allowed)}" if allowed else "text"
            yield f"{dotted} must be {words}, got {value!r}."
        return
    length = meta["length"]
    if length is not None and (not isinstance(value, list | tuple) or len(value) != length):
        yield f"{dotted} must be a list of {length} numbers, got {value!r}."
        return
    items = list(value) if length is not None else [value]
    broken = False
    for item in items:
        line = _check_number(dotted, item, meta)
        broken = broken or line is not None
        if line is not None:
            yield line
    if dotted in _MONOTONE and not broken:
        sign = _MONOTONE[dotted]
        if any(sign * (b - a) < 0 for a, b in itertools.pairwise(items)):
            order = "increase" if sign > 0 else "not increase"
            yield f"{dotted} must {order} along the list, got {items}."


def _check_number(dotted: str, item: Any, meta: Mapping[str, Any]) -> str | None:
    """Return what is wrong with one number, or None."""
    whole = meta.get("whole", False)
    noun = "a whole number" if whole else "a number"
    low, high = meta["low"], meta["high"]
    span = f"of at least {low:g}" if math.isinf(high) else f"between {low:g} and {high:g}"
    if isinstance(item, bool) or not isinstance(item, int if whole else int | float):
        return f"{dotted} must be {noun} {span}, got {item!r}."
    if not math.isfinite(item) or not low <= item <= high:
        hint = f" Did you mean {item / 100:g}?" if (low, high) == (0, 1) and 1 < item <= 100 else ""
        return f"{dotted} must be {noun} {span}, got {item:g}.{hint}"
    return None


def _staircase(name: Any) -> Iterator[str]:
    """Name what is wrong with the staircase of a scenario."""
    if not isinstance(name, str):
        return
    try:
        staircase = Staircase.preset(name)
    except (PolicyError, ValueError) as error:
        yield f"referral.staircase: {error}"
        return
    if (len(staircase.steps), staircase.window) != (3, "month"):
        yield f"referral.staircase must have three steps per month, {name!r} has not."


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list | tuple) else value


def _toml(value: Any) -> str:
    """Write one value as TOML."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    if isinstance(value, tuple | list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return repr(value)
