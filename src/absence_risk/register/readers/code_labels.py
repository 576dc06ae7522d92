"""Labels of a mapping from the code tables that come with the package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absence_risk.register.reasons import NOT_ABSENCE, REASONS
from absence_risk.register.source_codes import CODE_LAYOUTS, source_codes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from absence_risk.register.source_codes import SourceCode

__all__ = ["LABEL_TABLES", "table_labels"]

LABEL_TABLES: tuple[str, ...] = (*CODE_LAYOUTS, "reasons")
"""Names of tables: a layout's codes, or the names of our own reasons."""

_LATE = 80


def table_labels(
    table: str, vocabulary: str | None = None, axes: Sequence[str] | None = None
) -> dict[str, dict[str, str | int]]:
    """Return what the labels of a code table say, as a mapping would.

    Parameters
    ----------
    table : str
        One of ``LABEL_TABLES``.
    vocabulary : str or None
        One of the layout's lists; all if None.
    axes : sequence of str or None
        Axes to keep of ``counts reason validity``; all if None.

    Returns
    -------
    dict of str to dict
        Axes by label. A label with a dash is there with a hyphen too.

    Raises
    ------
    ValueError
        If there is no such table or list.

    Examples
    --------
    >>> table_labels("denmark")["S"]
    {'counts': 'valid', 'reason': 10, 'validity': 'valid'}
    """
    if table == "reasons":
        found: dict[str, dict[str, str | int]] = {
            reason.label: {"reason": code} for code, reason in REASONS.items()
        }
    else:
        found = {code.code: _axes(code) for code in source_codes(table, vocabulary)}
    for label in [label for label in found if "–" in label]:
        found[label.replace("–", "-")] = found[label]
    if axes is None:
        return found
    return {
        label: {axis: value for axis, value in said.items() if axis in axes}
        for label, said in found.items()
    }


def _axes(code: SourceCode) -> dict[str, str | int]:
    said: dict[str, str | int] = {"counts": _counts(code)}
    if code.reason is not None:
        said["reason"] = code.reason
    if code.validity is not None:
        said["validity"] = code.validity
    return said


def _counts(code: SourceCode) -> str:
    if code.counts_as == "absent":
        # Absence that nobody accepted, or not yet, is invalid; its validity says which.
        return "valid" if code.validity == "valid" else "invalid"
    if code.counts_as == "present" and code.reason in NOT_ABSENCE:
        return "elsewhere"
    if code.counts_as == "present" and code.reason == _LATE:
        return "late"
    return "ignore" if code.counts_as == "no_attendance" else code.counts_as
