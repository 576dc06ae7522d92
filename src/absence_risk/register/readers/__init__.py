"""Readers: files of any layout become the canonical tables.

``canonical`` and ``frames`` read what is canonical already, ``totals`` what has no days. Every
other export goes by a mapping, in these steps:

1. the mapping: ``mapping`` (what it is), ``mapping_file``, ``mapping_parts``, ``mapping_values``
   (how its TOML is read), ``code_labels``; those that ship lie in ``register/layouts``
2. drafting one: ``suggest`` with ``sniffed``, ``guessed``, ``header_words``, ``suggested_tables``
3. finding the layout and the key: ``foreign``
4. files into text: ``sources``, ``text``, ``excel``, ``json_files``, ``joined``
5. text into typed columns, with a bit for each fault: ``staged``, ``written``, ``marks``,
   ``columns``
6. identifiers into pseudonyms: ``keyed``, ``strayed``
7. deciding on every row: ``settled``, ``small_tables``, ``lesson_rows``, ``timetable``, ``answers``
8. the whole way, and its account: ``conversion``, ``accounts``, ``notes``, ``loaded``
"""
