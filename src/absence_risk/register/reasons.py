"""Reason codes: thirteen, tens are groups. A code implies no validity by itself."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NOT_ABSENCE", "REASONS", "Reason"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason code.

    Parameters
    ----------
    code : int
        The code; its tens digit is the group.
    label : str
        Meaning in words.
    group : str
        Group in one word or two.
    is_absence : bool
        Whether time with this reason counts as absence.
    """

    code: int
    label: str
    group: str
    is_absence: bool = True


REASONS: dict[int, Reason] = {
    reason.code: reason
    for reason in (
        Reason(code=10, label="illness", group="health"),
        Reason(code=11, label="medical appointment", group="health"),
        Reason(code=20, label="granted leave", group="leave"),
        Reason(code=21, label="religious", group="leave"),
        Reason(
            code=30,
            label="school activity or teaching elsewhere",
            group="elsewhere",
            is_absence=False,
        ),
        Reason(code=31, label="work placement", group="elsewhere", is_absence=False),
        Reason(code=40, label="suspension", group="suspension"),
        Reason(code=50, label="guardian-reported, other", group="guardian-reported"),
        Reason(code=60, label="unexplained, pending", group="unexplained"),
        Reason(code=70, label="unauthorised", group="unauthorised"),
        Reason(code=71, label="left area or removed", group="unauthorised"),
        Reason(code=80, label="late", group="late"),
        Reason(code=90, label="other or unknown", group="other"),
    )
}

NOT_ABSENCE: tuple[int, ...] = tuple(r.code for r in REASONS.values() if not r.is_absence)
