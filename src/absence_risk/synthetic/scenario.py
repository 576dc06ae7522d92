"""A scenario: every number of a simulated world, with the source of each, read from TOML."""

from __future__ import annotations

import importlib.resources
import tomllib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absence_risk import check
from absence_risk.synthetic.calendar import CalendarPlan
from absence_risk.synthetic.checks import (
    SECTIONS,
    frozen,
    missing_parts,
    near,
    section_values,
    staircase_problems,
    unknown_keys,
    value_problems,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from absence_risk.synthetic import (
        parameters,
        place_parameters,
        policy_parameters,
        record_parameters,
    )

__all__ = ["Scenario", "scenarios"]

_PRESETS = importlib.resources.files("absence_risk.synthetic") / "presets"


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """All parameters of a world.

    Parameters
    ----------
    name, title : str
        Short name, and one line on what the scenario is.
    calendar : CalendarPlan
        The school year.
    size : Size
        Pupils and schools.
    illness : Illness
        Illness spells.
    leave : Leave
        Granted leave.
    places : Places
        Municipalities and special schools.
    background : Background
        Socio-economic status and special support.
    outbreak : Outbreak
        Outbreaks of illness.
    enrolment : Enrolment
        Pupils who come and go during the year.
    avoidance : Avoidance
        The six stages of avoidance and what moves a pupil between them.
    label : Label
        How avoidance is recorded: as valid at first, as invalid later.
    lateness : Lateness
        Late arrivals.
    reporting : Reporting
        Lessons that nobody reports.
    subjects : Subjects
        The weekly timetable, and what is avoided in it.
    corrections : Corrections
        What is recorded late, or first otherwise and later corrected.
    referral : Referral
        How an alarm leads to a case.
    team : Team
        What the team does, and how cases end.
    actions : Actions
        What the school does about a step of the staircase.
    interference : Interference
        What pupils of a school share: classmates, and places for help.
    aftercare : Aftercare
        What remains after the team's work, and booster meetings.
    wellbeing : Wellbeing
        The questionnaire before and after.
    harm : Harm
        What absence does to the outcome.
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
    illness: place_parameters.Illness
    leave: place_parameters.Leave
    places: place_parameters.Places
    background: place_parameters.Background
    outbreak: place_parameters.Outbreak
    enrolment: place_parameters.Enrolment
    avoidance: parameters.Avoidance
    label: parameters.Label
    lateness: parameters.Lateness
    reporting: parameters.Reporting
    subjects: record_parameters.Subjects
    corrections: record_parameters.Corrections
    referral: parameters.Referral
    team: parameters.Team
    actions: policy_parameters.Actions
    interference: policy_parameters.Interference
    aftercare: policy_parameters.Aftercare
    wellbeing: parameters.Wellbeing
    harm: parameters.Harm
    sources: Mapping[str, str]

    @classmethod
    def preset(cls, name: str) -> Scenario:
        """Load a scenario that comes with the package.

        Parameters
        ----------
        name : str
            ``"municipality"``, ``"null"`` where nothing works and nothing harms, or another name
            of `scenarios`.

        Returns
        -------
        Scenario
            The scenario.

        Raises
        ------
        ValueError
            If there is no such preset; the nearest name is offered.
        """
        return cls._build(_merge(_preset_raw(name, "preset"), (name,)), name)

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
        if not Path(path).is_file():
            raise FileNotFoundError(f"There is no scenario file {where}.")
        try:
            raw = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{where} is not a TOML file: {error}.") from error
        except UnicodeDecodeError as error:
            line = f"{where} is not a TOML file: byte {error.start + 1} is not UTF-8 text."
            raise ValueError(line) from None
        return cls._build(_merge(raw, (where,)), where)

    @classmethod
    def _build(cls, raw: dict[str, Any], where: str) -> Scenario:
        problems: list[str] = [*unknown_keys(raw), *missing_parts(raw)]
        values: dict[str, Any] = {}
        sources: dict[str, str] = {}
        for section, kind in SECTIONS.items():
            given = raw.get(section)
            if not isinstance(given, dict):  # named by unknown_keys or missing_parts
                continue
            found = dict(section_values(section, kind, given))
            problems += [line for lines, _, _ in found.values() for line in lines]
            sources.update({f"{section}.{k}": source for k, (_, _, source) in found.items()})
            values[section] = {name: value for name, (_, value, _) in found.items()}
        plan, lines = CalendarPlan.from_raw(raw.get("calendar"))
        problems += lines if "calendar" in raw else []
        problems += staircase_problems(values.get("referral", {}).get("staircase"))
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
                problems.append(f"do has the unknown name {dotted!r}.{near(dotted, known)}")
                continue
            section, name = dotted.split(".")
            declared = next(f for f in fields(SECTIONS[section]) if f.name == name)
            problems += list(value_problems(dotted, declared, value))
            changed.setdefault(section, {})[name] = frozen(value)
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


def scenarios() -> dict[str, str]:
    """Return the scenarios that come with the package.

    ``s00_null`` to ``s10_non_reporting`` hold one mechanism each; the others are whole
    municipalities.

    Returns
    -------
    dict of str to str
        Name of the preset → title, in the order of names.

    Examples
    --------
    >>> scenarios()["s03_label_drift"]
    'Label drift only: avoidance is excused at first and recorded as invalid later'
    """
    return {name: str(_preset_raw(name, "preset")["title"]) for name in _preset_names()}


def _preset_names() -> list[str]:
    return sorted(path.name[:-5] for path in _PRESETS.iterdir() if path.name.endswith(".toml"))


def _preset_raw(name: str, key: str) -> dict[str, Any]:
    """Read a preset as it is written; ``key`` is what the message calls the name."""
    check.choice(name, _preset_names(), key)
    return tomllib.loads((_PRESETS / f"{name}.toml").read_text(encoding="utf-8"))


def _merge(raw: dict[str, Any], chain: tuple[str, ...]) -> dict[str, Any]:
    """Lay a scenario over the preset it extends; ``chain`` holds who extends whom so far."""
    if "extends" not in raw:
        return raw
    name = raw["extends"]
    if not isinstance(name, str):
        _refuse(chain[-1], [f"extends must be the name of a preset, got {name!r}."])
    if name in chain:
        _refuse(chain[-1], [f"extends goes in a circle: {' → '.join((*chain, name))}."])
    under = _merge(_preset_raw(name, f"{chain[-1]}: extends"), (*chain, name))
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


def _toml(value: Any) -> str:
    """Write one value as TOML."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    if isinstance(value, tuple | list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return repr(value)
