"""Write everything a study hands over, and let nothing out that the gate refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from absence_risk import disclosure
from absence_risk.register import staging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from absence_risk.register.register import Register
    from absence_risk.study.answers import EvaluationAnswers
    from absence_risk.study.run import StudyResult

__all__ = ["publish", "refuse_existing"]

_MARKER = "results.json"


def refuse_existing(out: str | Path, *, force: bool = False) -> None:
    """Raise where a study may not be written, before hours of work are done for it.

    Parameters
    ----------
    out : str or Path
        Folder to make.
    force : bool
        Whether an earlier study, or an empty folder, may be replaced.

    Raises
    ------
    FileExistsError
        If the folder exists and may not be replaced.
    """
    staging.refuse_existing(out, marker=_MARKER, force=force)


def publish(
    study: StudyResult | EvaluationAnswers,
    out: str | Path,
    *,
    register: Register | None = None,
    names: Iterable[str] = (),
    also: Callable[[Path], object] | None = None,
    lang: str = "en",
    force: bool = False,
    progress: Callable[[str, float], None] | None = None,
) -> None:
    """Write ``report.html``, ``results.json``, ``tables/`` and ``figures/`` of a study.

    Parameters
    ----------
    study : StudyResult or EvaluationAnswers
        The study.
    out : str or Path
        Folder to make.
    register : Register or None
        The register behind it; its keys must not appear in any file.
    names : iterable of str
        Texts that name pupils; they must not appear in any file either.
    also : callable or None
        Called with the folder before it is checked, to write further files into it.
    lang : str
        Language of the report.
    force : bool
        Whether an existing folder may be replaced.
    progress : callable or None
        Called with a text and a share in [0, 1].

    Raises
    ------
    FileExistsError
        If the folder exists and ``force`` is false.
    DisclosureError
        If a written file holds a pupil's key or a count below the limit; nothing is kept.
    """
    from absence_risk.report.page import figures, write  # noqa: PLC0415 (loads matplotlib)

    with staging.staged_folder(out, marker=_MARKER, force=force) as folder:
        if progress:
            progress("Writing tables", 0.80)
        results = json.dumps(study.to_dict(), ensure_ascii=False, indent=1, allow_nan=False)
        (folder / _MARKER).write_text(results + "\n", encoding="utf-8")
        (folder / "tables").mkdir()
        for name, table in study.tables():
            table.tidy().to_csv(folder / "tables" / f"{name}.csv", index=False)
        if progress:
            progress("Drawing figures", 0.85)
        (folder / "figures").mkdir()
        for name, svg in figures(study).items():
            (folder / "figures" / f"{name}.svg").write_bytes(svg)
        write(study, folder / "report.html", lang=lang)
        if also is not None:
            also(folder)
        if progress:
            progress("Checking what leaves", 0.97)
        keys = () if register is None else register.keys()
        disclosure.gate(folder, keys, minimum=study.minimum, names=names)
