"""A simulated municipality: its days, its cases, its register and its truth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from absence_risk import check
from absence_risk.synthetic.blocks import made_surroundings, simulate_blocks
from absence_risk.synthetic.cases import NEVER
from absence_risk.synthetic.counter import lanes, permuted_keys
from absence_risk.synthetic.days import INVALID
from absence_risk.synthetic.enrolment import first_days
from absence_risk.synthetic.pupils import draw_pupils
from absence_risk.synthetic.scenario import Scenario
from absence_risk.synthetic.schools import draw_school
from absence_risk.synthetic.setting import draw_setting
from absence_risk.synthetic.surroundings import mixed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from absence_risk.register.calendar import SchoolCalendar
    from absence_risk.register.register import Register
    from absence_risk.synthetic.actions import Taken
    from absence_risk.synthetic.cases import Cases
    from absence_risk.synthetic.days import Days
    from absence_risk.synthetic.pupils import Pupils
    from absence_risk.synthetic.schools import Schools
    from absence_risk.synthetic.setting import Setting
    from absence_risk.synthetic.simulation import Simulated

__all__ = ["World", "simulate"]

_BLOCK = 10_000


@dataclass(frozen=True, eq=False)
class World:
    """A simulated municipality. Its days are simulated when they are first asked for.

    Parameters
    ----------
    setting : Setting
        Parameters, school days, schools and staircase.
    seed : int
        Seed.
    index : numpy.ndarray of int64, shape (n_pupils,)
        Global indices of the pupils.
    do : mapping of str to object
        What was set by intervention.
    block : int
        Pupils simulated at a time.
    progress : callable or None
        Called with a text and a share between 0 and 1 while the days are simulated.
    """

    setting: Setting
    seed: int
    index: npt.NDArray[np.int64]
    do: Mapping[str, Any]
    block: int
    progress: Callable[[str, float], None] | None = None

    @property
    def scenario(self) -> Scenario:
        """Parameters."""
        return self.setting.scenario

    @property
    def year(self) -> SchoolCalendar:
        """The school days."""
        return self.setting.year

    @property
    def schools(self) -> Schools:
        """The schools."""
        return self.setting.schools

    @cached_property
    def pupils(self) -> Pupils:
        """The pupils, in the order of `index`."""
        return draw_pupils(self.scenario, self.seed, self.schools, self.index)

    @property
    def days(self) -> Days:
        """What happened on each day, also before a pupil came and after one left."""
        return self._simulated.days

    @property
    def cases(self) -> Cases:
        """The team's cases."""
        return self._simulated.cases

    @property
    def taken(self) -> Taken:
        """What the staircase said of each pupil after each month, and what was done."""
        return self._simulated.taken

    @cached_property
    def _simulated(self) -> Simulated:
        """What happened to all pupils."""
        return simulate_blocks(
            self.setting,
            self.pupils,
            seed=self.seed,
            index=self.index,
            block=self.block,
            progress=self.progress,
        )

    def amid(self, other: World, *, queues: bool = True) -> World:
        """Return the pupils of this world, each alone among the classmates and queues of another.

        Every pupil lives under this world's parameters, but nobody else does: how many classmates
        avoid school, and where a queue ends, is taken from the other world. The difference to the
        other world is the direct effect of what was changed; the difference from this world to it
        is spill-over. Both sum to the total effect exactly, pupil by pupil.

        Parameters
        ----------
        other : World
            A world of the same pupils, in which pupils of a school affect each other.
        queues : bool
            Whether the queues are those of the other world as well, or only the classmates.

        Returns
        -------
        World
            With its own days, simulated when they are asked for.

        Raises
        ------
        ValueError
            If there is no interference in one of the worlds, or the pupils are not the same.
        """
        mine = (self.seed, self.setting.population, self.scenario.size, len(self.year))
        theirs = (other.seed, other.setting.population, other.scenario.size, len(other.year))
        if mine != theirs:
            raise ValueError("Both worlds must have the same seed, pupils, schools and year.")
        there = made_surroundings(other.setting, other.seed, other.block)
        here = self.setting.surroundings
        if here is None or not queues:
            here = made_surroundings(self.setting, self.seed, self.block)
        around = mixed(there, here, queues=queues)
        setting = replace(self.setting, surroundings=around)
        return replace(self, setting=setting, progress=None)

    def part(self, rows: npt.NDArray[np.int64]) -> World:
        """Return the world of some of its pupils, who are the same in it, day by day.

        Parameters
        ----------
        rows : numpy.ndarray of int64
            Pupils, as rows of this world, in any order.

        Returns
        -------
        World
            With its own days, simulated when they are asked for.
        """
        return replace(self, index=self.index[rows], progress=None)

    @cached_property
    def pupil_key(self) -> npt.NDArray[np.uint32]:
        """Pseudonymous key of each pupil, shape (n_pupils,)."""
        return permuted_keys(self.seed, "pupil", self.index)

    @cached_property
    def municipality(self) -> npt.NDArray[np.int64]:
        """Index of the municipality of each pupil, shape (n_pupils,)."""
        return self.schools.municipality[draw_school(self.schools, lanes(self.seed, self.index))]

    @cached_property
    def first_day(self) -> npt.NDArray[np.int64]:
        """Index of the first school day of each pupil, shape (n_pupils,)."""
        return first_days(self.scenario.enrolment, lanes(self.seed, self.index), self.year)

    @cached_property
    def last_day(self) -> npt.NDArray[np.int64]:
        """Index of the last school day of each pupil, shape (n_pupils,)."""
        moved = self.cases.ending == 3
        last = np.where(moved & (self.cases.closed < NEVER), self.cases.closed, len(self.year) - 1)
        return np.minimum(last, self._simulated.left)

    def true_share(self, kind: str = "total") -> npt.NDArray[np.float64]:
        """Return the true share of lessons missed on each day, reported or not.

        Parameters
        ----------
        kind : {"total", "valid", "invalid"}
            Which absence, by the label it would be recorded with.

        Returns
        -------
        numpy.ndarray of float64, shape (n_pupils, n_days)
            Shares, also for days before a pupil came and after one left.
        """
        check.choice(kind, ("total", "valid", "invalid"), "kind")
        share = np.bitwise_count(self.days.missed) / self.pupils.lessons[:, None]
        if kind == "total":
            return np.asarray(share)
        invalid = self.days.reason == INVALID
        return np.where(invalid if kind == "invalid" else ~invalid, share, 0.0)

    @cached_property
    def truth(self) -> dict[str, Any]:
        """Parameters and exact or paired-simulation values of what estimators aim at."""
        from absence_risk.synthetic.truth import truth_of  # noqa: PLC0415 - imports this module

        return truth_of(self)

    @cached_property
    def register(self) -> Register:
        """What was recorded, as a register in memory (one row per lesson)."""
        return self.as_register("lesson")

    def as_register(self, rows: str = "lesson", detail: str = "figures") -> Register:
        """Return what was recorded as a register in memory.

        Parameters
        ----------
        rows : {"lesson", "day"}
            One row per lesson, or one per day (slot 0).
        detail : {"figures", "everything"}
            The columns that figures need, or all canonical ones.

        Returns
        -------
        Register
            The register, equal to what `write` writes.
        """
        from absence_risk.register.opening import read_register  # noqa: PLC0415
        from absence_risk.synthetic.records import frames  # noqa: PLC0415

        return read_register(frames(self, rows, detail))

    def write(
        self,
        folder: str | Path,
        *,
        rows: str = "lesson",
        file_format: str = "parquet",
        layout: str = "canonical",
        detail: str = "figures",
        force: bool = False,
        threads: int = 1,
        progress: Callable[[str, float], None] | None = None,
    ) -> dict[str, Any]:
        """Write the register, the truth and the scenario into a folder.

        Pupils are simulated in blocks as they are written, so that memory does not grow with the
        days of all pupils, and the same bytes come from every block size and number of threads.

        Parameters
        ----------
        folder : str or path
            Folder to make. It appears only when all of it is written.
        rows : {"lesson", "day"}
            One row per lesson, or one per day (slot 0).
        file_format : {"parquet", "csv"}
            File format of the tables in the canonical layout; others have their own.
        layout : str
            "canonical", or a foreign layout: denmark, denmark_legal, dfe, edfi, plain, skolverket,
            ss12000, wilma, wilma_older. Foreign layouts hold all rows in memory.
        detail : {"figures", "everything"}
            The columns that figures need, or all canonical ones: documentation, source, other_min,
            subject_code, group_key, recorded_at and superseded_at besides. The last two are there
            in any case where the scenario corrects records or reports late.
        force : bool
            Whether to replace an existing folder that holds a simulated register.
        threads : int
            Blocks simulated at the same time, beside the one that is written.
        progress : callable or None
            Called with a text and a share between 0 and 1.

        Returns
        -------
        dict
            The manifest: seed, preset, versions, number of rows, and each file with its size,
            rows and SHA-256.

        Raises
        ------
        FileExistsError
            If the folder exists and ``force`` is false, or it is no simulated register.
        ValueError
            If a word or number is not allowed.
        """
        from absence_risk.synthetic.foreign import write_foreign  # noqa: PLC0415
        from absence_risk.synthetic.writer import write_world  # noqa: PLC0415

        if layout != "canonical":
            return write_foreign(
                self, Path(folder), layout=layout, rows=rows, detail=detail, force=force
            )
        return write_world(
            self,
            Path(folder),
            rows=rows,
            file_format=file_format,
            detail=detail,
            force=force,
            threads=threads,
            progress=progress,
        )


def simulate(
    preset: str | Path | Scenario = "municipality",
    *,
    pupils: int = 12_000,
    seed: int = 1,
    do: Mapping[str, Any] | None = None,
    block: int = _BLOCK,
    progress: Callable[[str, float], None] | None = None,
) -> World:
    """Simulate one school year of a municipality.

    The days are simulated when they are first asked for; `World.write` needs no more than a few
    blocks of them at a time.

    Parameters
    ----------
    preset : str, path or Scenario
        Name of a preset, path of a scenario ``.toml``, or a scenario.
    pupils : int
        Number of pupils, at least 1.
    seed : int
        Seed, at least 0. The same seed gives the same world, bit for bit.
    do : mapping of str to object, or None
        Interventions by dotted name, for example ``{"team.effect": 0.0}``. Worlds of one seed
        share all randomness, so that they differ only where the intervention acts.
    block : int
        Pupils simulated at a time; changes memory, never the result.
    progress : callable or None
        Called with a text and a share between 0 and 1 while the days are simulated.

    Returns
    -------
    World
        The simulated municipality.

    Raises
    ------
    ValueError
        If a number is out of range, the scenario is not usable or an intervention is unknown.

    Examples
    --------
    >>> world = simulate("municipality", pupils=50, seed=1)
    >>> world.days.reason.shape
    (50, 178)
    """
    pupils = check.positive_int(pupils, "pupils")
    seed = check.seed(seed, "seed")
    block = check.positive_int(block, "block")
    scenario = _scenario(preset).with_values(do or {})
    setting = draw_setting(scenario, seed, pupils)
    return World(setting, seed, np.arange(pupils), dict(do or {}), block, progress)


def _scenario(preset: str | Path | Scenario) -> Scenario:
    if isinstance(preset, Scenario):
        return preset
    if isinstance(preset, Path) or str(preset).endswith(".toml"):
        return Scenario.from_toml(preset)
    return Scenario.preset(preset)
