"""Write the tables of a drafted mapping: columns, words, and what a person must decide."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from absence_risk.register.identity import hides_digits
from absence_risk.register.readers.header_words import label_axes

if TYPE_CHECKING:
    from absence_risk.register.readers.guessed import Guess
    from absence_risk.register.readers.sniffed import Column

__all__ = ["CHECK", "table_lines"]

CHECK = "CHECK"
"""Mark of a line that a person must decide."""

_WORD_FIELDS = ("kind", "reason", "closure_reason", "wave")
_CLOSURES = (
    ("no_longer_needed", r"inte längre|ei enää|ikke længere|no longer|måluppfyll|behov uppfyllt"),
    ("declined", r"tacka|avböj|kieltäyty|takket nej|declin|refus"),
    ("moved", r"flytt|muutta|moved"),
    ("other_service", r"annan insats|överläm|muu palvelu|anden indsats|other service|referred on"),
    ("admin_end", r"admin|skolplikt|läsårsslut|oppivelvollisuus|end of school"),
)
_WAVES = (
    (0, r"^för|före|innan|^pre|before|ennen|alku|^1$"),
    (1, r"efter|^post|after|jälkeen|loppu|^2$"),
)


def table_lines(guess: Guess, known: list[Guess], *, several: bool) -> list[str]:
    """Return the lines of one table.

    Parameters
    ----------
    guess : Guess
        What a file is.
    known : list of Guess
        All files.
    several : bool
        Whether several files feed the table.

    Returns
    -------
    list of str
        TOML.
    """
    table = guess.table or ""
    lines = [f"[[{table}]]" if several else f"[{table}]", f"file = {_text(guess.name)}"]
    if table == "registers":
        lines += _row_lines(guess, known)
    for field, column in guess.fields.items():
        if field not in _WORD_FIELDS:
            lines.append(_field_line(field, column, table))
    if table == "cases":
        lines += _case_lines(guess)
    if table == "surveys":
        lines += _survey_lines(guess)
    if table == "outcomes":
        lines.append(f'kind = {{ value = "grade_points" }}  # {CHECK}')
    if table == "registers":
        for role in ("kind", "reason"):
            if role in guess.fields:
                lines += _code_lines(guess.fields[role], role, several=several)
    lines += _left_out(guess)
    return lines


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _field_line(field: str, column: Column, table: str) -> str:
    source = _text(column.name)
    if field == "birth_year" and column.dates:
        source = f'{{ column = {source}, form = {_text(column.dates[0])}, part = "year" }}'
    note = "" if column.filled else f"  # {CHECK}: no cell looked at was filled"
    if len(column.dates) > 1 and table != "pupils":
        note = f"  # {CHECK}: the order of day and month is open"
    return f"{field} = {source}{note}"


def _row_lines(guess: Guess, known: list[Guess]) -> list[str]:
    if "scheduled_min" in guess.fields:
        return [f'rows = "all"  # {CHECK}: "absences" if presence has no rows']
    lines = [f'rows = "absences"  # {CHECK}: presence is what the timetable has and no row denies']
    if not any(other.table == "timetable" for other in known):
        lines.append(
            f"# {CHECK}: no file tells which lessons were planned; add [timetable], or [calendar] "
            "and a timetable made of slots."
        )
    if "slot" not in guess.fields:
        lines.append(f"slot = {{ value = 0 }}  # {CHECK}: 0 for day records, or name the column")
    return lines


def _case_lines(guess: Guess) -> list[str]:
    lines = []
    first = guess.fields.get("referred") or guess.fields.get("started")
    if "case_key" not in guess.fields and first is not None:
        key = [guess.fields["pupil_key"].name, first.name]
        lines.append(f"case_key = {_text(key)}  # {CHECK}: together unique for a case")
    if guess.checked:
        named = ", ".join(f"checked_{n + 1} = {_text(c.name)}" for n, c in enumerate(guess.checked))
        lines.append(f"checked = {{ {named} }}  # {CHECK}: and add order = [...]")
    column = guess.fields.get("closure_reason")
    if column is not None:
        words = [f"{_text(w)} = {_text(_match(w, _CLOSURES) or 'other')}" for w in column.words]
        lines += [_hidden(column)] if column.hidden_words else []
        codes = f"codes = {{ {', '.join(words)} }}"
        lines.append(f"closure_reason = {{ column = {_text(column.name)}, {codes} }}  # {CHECK}")
    return lines


def _survey_lines(guess: Guess) -> list[str]:
    lines = []
    wave = guess.fields.get("wave")
    if wave is not None:
        words = [f"{_text(w)} = {_match(w, _WAVES) or 0}" for w in wave.words]
        lines.append(
            f"wave = {{ column = {_text(wave.name)}, codes = {{ {', '.join(words)} }} }}  # {CHECK}"
        )
    if "instrument_id" not in guess.fields:
        lines.append(f'instrument_id = {{ value = "survey" }}  # {CHECK}: its name')
    if guess.items:
        lines.append(f"items = {_text(list(guess.items))}")
    lines.append(f"range = [1, 5]  # {CHECK}: lowest and highest answer")
    return lines


def _match(word: str, patterns: tuple[tuple[object, str], ...]) -> object:
    import re  # noqa: PLC0415

    text = word.lower()
    return next((value for value, pattern in patterns if re.search(pattern, text)), None)


def _hidden(column: Column) -> str:
    return (
        f"# {CHECK}: {column.hidden_words} words of {column.name!r} are not shown "
        "(they occur once, or the column is no short list)."
    )


def _code_lines(column: Column, role: str, *, several: bool) -> list[str]:
    path = "registers.codes"
    lines = ["", f"[[{path}]]", f"column = {_text(column.name)}"]
    if column.hidden_words:
        lines.append(_hidden(column))
    if role == "reason":
        lines.append(f"otherwise = {{ reason = 90 }}  # {CHECK}: or leave out: such rows are bad")
    lines.append(f"[{path}.labels]")
    wanted = "counts" if role == "kind" else "reason"
    for word in column.words:
        axes = label_axes(word, role)
        inner = ", ".join(f"{axis} = {_text(value)}" for axis, value in axes.items())
        note = "" if wanted in axes else f"  # {CHECK}: {wanted} = …"
        if axes.get("reason") == 90:
            note = f"  # {CHECK}: what is it"
        lines.append(f"{_text(word)} = {{{f' {inner} ' if inner else ''}}}{note}")
    if several:
        lines.append("# These words belong to the [[registers]] above.")
    return lines


def _left_out(guess: Guess) -> list[str]:
    used = {column.name for column in (*guess.fields.values(), *guess.checked)} | set(guess.items)
    names = [hides_digits(c.name) for c in guess.file.columns if c.name not in used]
    return [f"# Not used: {', '.join(names)}."] if names else []
