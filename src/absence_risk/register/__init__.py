"""What was recorded, from files to a panel or a cube.

Where to look:

- the tables: ``schema``, ``fields``, ``reasons``, ``source_codes`` (codes of other systems)
- opening them: ``opening``; files and layouts in ``readers``, and back again in ``writers``
- persons: ``pseudonym`` and ``key_file``, ``protected``, ``free_text``, and what looks like the
  number of a person: ``identity``, ``national_numbers``
- checking: ``validate`` calls ``rules_*`` on ``checked_rows``; ``catalogue`` lists the rules,
  ``wordings`` and ``texts`` say them in four languages
- what counts as absence: ``definition``, its presets in ``definitions``, ``windows``, ``rolling``
- figures: ``register`` is the door; ``panel``, ``cube``, ``cubes``, ``spells``, ``means``,
  ``reporting``; ``versions`` (as-of views), ``enrolment``, ``calendar``
- totals by term or month where there are no days: ``period_totals``
- the engine: ``engine`` is the only module that knows DuckDB; ``row_files``, ``csv_lines``
"""
