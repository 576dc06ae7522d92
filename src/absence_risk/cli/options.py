"""Arguments and options that verbs share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "AsJson",
    "AsOf",
    "Detail",
    "FileFormat",
    "Folder",
    "Force",
    "FromLayout",
    "KeyFile",
    "Language",
    "Layout",
    "PageLanguage",
    "PageTongue",
    "ReportLanguage",
    "Rows",
    "Seed",
]


class Rows(StrEnum):
    """One row per lesson, or one per day."""

    lesson = "lesson"
    day = "day"


class FileFormat(StrEnum):
    """How tables are written."""

    parquet = "parquet"
    csv = "csv"


class Layout(StrEnum):
    """In which layout of files a register is written."""

    canonical = "canonical"
    denmark = "denmark"
    denmark_legal = "denmark_legal"
    dfe = "dfe"
    edfi = "edfi"
    plain = "plain"
    skolverket = "skolverket"
    ss12000 = "ss12000"
    wilma = "wilma"
    wilma_older = "wilma_older"


class Detail(StrEnum):
    """Which columns attendance rows have."""

    figures = "figures"
    everything = "everything"


class ReportLanguage(StrEnum):
    """Languages of what validation and import found."""

    en = "en"
    sv = "sv"
    da = "da"
    fi = "fi"


class PageLanguage(StrEnum):
    """Languages of the pages that are written."""

    en = "en"
    sv = "sv"


Seed = Annotated[int, typer.Option(help="Seed; the same seed gives the same bytes.", min=0)]
Force = Annotated[bool, typer.Option("--force", help="Replace the folder if it exists.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, for machines.")]
Folder = Annotated[Path, typer.Argument(help="Folder with a register, or a foreign export.")]
FromLayout = Annotated[
    str | None,
    typer.Option("--layout", help="Layout of a foreign export: a name, or a mapping .toml file."),
]
KeyFile = Annotated[
    Path | None, typer.Option("--key", help="Key file of the project; see new-key.")
]
Language = Annotated[
    ReportLanguage,
    typer.Option(
        help="Language of what was found: English, Swedish, Danish or Finnish. Codes, places and "
        "counts are the same in each; --json is always English."
    ),
]
PageTongue = Annotated[PageLanguage, typer.Option("--lang", help="Language of the pages.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="DATE",
        help="Use the rows as they were known at the end of a date (YYYY-MM-DD), by recorded_at "
        "and superseded_at; by default the latest ones.",
        show_default=False,
    ),
]
