"""What every drawing shares: colours, fonts, and SVG with a text alternative.

Blue and orange only, without the meaning of red and green. Vega-Altair and vl-convert load inside the functions.
"""

from __future__ import annotations

import html
from typing import Any

BLUE, ORANGE, INK, GREY, LIGHT = "#2f6690", "#d9822b", "#1d2733", "#66727f", "#dfe5ea"
FONTS = "Inter, 'Segoe UI', 'Helvetica Neue', Arial, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
WIDTH = 430


def altair() -> Any:
    """The library, loaded on use."""
    import altair as library

    return library


def styled(chart: Any) -> Any:
    """In the fonts and colours of the page."""
    text = {
        "labelFont": FONTS,
        "titleFont": FONTS,
        "labelFontSize": 13,
        "titleFontSize": 13,
        "labelColor": INK,
        "titleColor": GREY,
        "titleFontWeight": "normal",
    }
    return (
        chart.configure(font=FONTS, background="transparent", padding={"left": 4, "right": 8, "top": 6, "bottom": 4})
        .configure_view(stroke=None)
        .configure_axis(**text)
        .configure_text(font=FONTS)
    )


def svg(chart: Any, title: str, description: str) -> str:
    """The chart as SVG that a screen reader can tell."""
    import vl_convert

    text = vl_convert.vegalite_to_svg(chart.to_dict())
    start = text.index("<svg")
    end = text.index(">", start)
    opening = text[start:end].replace("<svg", f'<svg role="img" aria-label="{html.escape(title, quote=True)}"', 1)
    return f"{opening}><title>{html.escape(title)}</title><desc>{html.escape(description)}</desc>{text[end + 1 :]}"
