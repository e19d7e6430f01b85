"""From a Vega-Lite specification to a picture that can stand in a page beside others."""

import re

import altair as alt
import vl_convert

_ID = re.compile(r'(?<=\bid=")(?=[^"]+")')
_REFERENCE = re.compile(r"(?<=url\(#)")
_SIZE = re.compile(r'<svg ([^>]*?)width="([\d.]+)" height="([\d.]+)"')


def svg(chart: alt.LayerChart, *, key: str, text: str, kind: str) -> str:
    """The chart as one inline <svg>: scalable, described by `text`, with ids that start with `key` (unique in the page).

    kind   a CSS class that says at which page width the picture is shown
    """
    drawn: str = vl_convert.vegalite_to_svg(chart.to_dict(), vl_version="6.4")
    drawn = _ID.sub(f"{key}-", drawn)
    drawn = _REFERENCE.sub(f"{key}-", drawn)
    label = text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    start = f'<svg class="{kind}" role="img" aria-label="{label}" '
    drawn = re.sub(r' viewBox="[^"]*"', "", drawn, count=1)
    # The renderer writes a class of its own on the same tag; two of a name are no XML.
    drawn = re.sub(r'(<svg [^>]*?)class="[^"]*" ?', r"\1", drawn, count=1)
    return _SIZE.sub(lambda m: f'{start}{m[1]}viewBox="0 0 {m[2]} {m[3]}" width="{m[2]}" height="{m[3]}"', drawn, count=1)
