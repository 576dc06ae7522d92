"""Figures as SVG text: the same bytes for the same study, ready to stand inside a page."""

from __future__ import annotations

import html
import io
import re
from typing import TYPE_CHECKING

import matplotlib as mpl

from absence_risk.disclosure.notes import SINGLE_PUPILS
from absence_risk.errors import DisclosureError
from absence_risk.plots.style import STYLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["inline", "standalone"]

_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
_REFUSED = (
    "The figure {title!r} draws single pupils and must not enter a report. Use the picture of "
    "groups that its description names."
)
_FONT, _FONTS = "'DejaVu Sans'", "'DejaVu Sans', Verdana, Arial, sans-serif"


def standalone(figure: Figure, title: str, description: str) -> bytes:
    """Return a figure as an SVG file.

    Parameters
    ----------
    figure : Figure
        The figure.
    title : str
        What it shows, for readers who cannot see it.
    description : str
        What it says.

    Returns
    -------
    bytes
        UTF-8 text with a fixed salt for its identifiers and no date, so equal for equal figures.

    Raises
    ------
    DisclosureError
        If the figure draws single pupils.
    """
    text = _svg(figure, title, description, "f-")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def inline(figure: Figure, title: str, description: str, prefix: str) -> str:
    """Return a figure as an SVG element for a page.

    Parameters
    ----------
    figure : Figure
        The figure.
    title : str
        What it shows, for readers who cannot see it.
    description : str
        What it says.
    prefix : str
        Start of all its identifiers, different for each figure of the page.

    Returns
    -------
    str
        The element; it scales with the page.

    Raises
    ------
    DisclosureError
        If the figure draws single pupils.
    """
    text = _svg(figure, title, description, prefix)
    head, rest = text.split(">", 1)
    return re.sub(r'\s(?:width|height)="[^"]*"', "", head) + ">" + rest


def _svg(figure: Figure, title: str, description: str, prefix: str) -> str:
    if figure.findobj(lambda artist: artist.get_gid() == SINGLE_PUPILS):
        raise DisclosureError(_REFUSED.format(title=title))
    buffer = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata=_NO_METADATA)
    text = buffer.getvalue()
    text = text[text.index("<svg") :].rstrip()
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)
    text = text.replace(_FONT, _FONTS)
    text = re.sub(r'\bid="', f'id="{prefix}', text)
    text = re.sub(r'((?:xlink:)?href="|url\()#', rf"\1#{prefix}", text)
    words = (
        f'<title id="{prefix}title">{html.escape(title)}</title>'
        f'<desc id="{prefix}desc">{html.escape(description)}</desc>'
    )
    label = f' role="img" aria-labelledby="{prefix}title {prefix}desc"'
    head, rest = text.split(">", 1)
    return f"{head}{label}>\n {words}{rest}"
