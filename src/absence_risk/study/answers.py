"""The answers of an evaluation on its own, ready to be written as those of a study are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from absence_risk.evaluation.assessment import Remarks
    from absence_risk.evaluation.outcomes import Better
    from absence_risk.result import Result, Table

__all__ = ["EvaluationAnswers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationAnswers:
    """What an evaluation found by outcome, with small numbers already removed.

    Parameters
    ----------
    results : mapping of str to Result
        By outcome.
    refused : mapping of str to str
        Why an outcome cannot be evaluated.
    notes : mapping of str to Remarks
        By outcome, what stands beside its figures.
    better : mapping of str to {"lower", "higher"}
        Direction of an improvement.
    identifiers : frozenset of str
        Names of pupils, which must be in no file that is written.
    definition : str
        What was measured, in words.
    minimum : int
        Smallest number of pupils that is shown.
    seed : int
        Seed of all random draws.
    version : str
        Version of the package.
    facts : mapping of str to int, float or str
        What the data hold.
    warnings : tuple of str
        What validation warned of.
    """

    results: Mapping[str, Result]
    refused: Mapping[str, str]
    notes: Mapping[str, Remarks]
    better: Mapping[str, Better]
    identifiers: frozenset[str] = frozenset()
    definition: str
    minimum: int
    seed: int
    version: str
    facts: Mapping[str, int | float | str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def alone(self) -> bool:
        """That the page is about an evaluation and not about four claims."""
        return True

    def lines(self) -> list[str]:
        """Return what is printed: per outcome the answer, then what to know before reading it.

        Returns
        -------
        list of str
            One line each.
        """
        out = []
        for name, result in self.results.items():
            verdict = result.verdict
            out.append(f"{name}: {verdict.answer}. {verdict.sentence}")
        out += [f"{name}: undecidable. {why}" for name, why in self.refused.items()]
        said = [text for notes in self.notes.values() for text in notes.cautions]
        out += [f"- {text}" for text in dict.fromkeys(said)]
        carries = [notes.carries for notes in self.notes.values()]
        return [*out, *dict.fromkeys(carries)]

    def tables(self) -> Iterator[tuple[str, Table]]:
        """Give every table with the name its file bears.

        Yields
        ------
        tuple of str and Table
            For example ``("absence_change", table)``.
        """
        for name, result in self.results.items():
            stem = name.replace(" ", "_")
            for table in result.tables:
                yield f"{stem}_{table.name}", table
            if name not in self.notes:
                continue
            for outcome, found in self.notes[name].tippings.items():
                yield f"{stem}_{outcome.replace(' ', '_')}_{found.curve.name}", found.curve

    def to_dict(self) -> dict[str, Any]:
        """Return plain, JSON-ready values; the same seed gives the same values.

        Returns
        -------
        dict
            Nested dictionaries, lists, numbers and text.
        """
        return {
            "version": self.version,
            "seed": self.seed,
            "definition": self.definition,
            "minimum": self.minimum,
            "facts": dict(self.facts),
            "warnings": list(self.warnings),
            "results": {name: result.to_dict() for name, result in self.results.items()},
            "refused": dict(self.refused),
            "notes": {name: notes.to_dict() for name, notes in self.notes.items()},
        }
