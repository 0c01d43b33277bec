"""The changed part of a topology as an SVG picture: what was added, removed, changed or renamed, and what is around.

Marks are told by a sign and by the border, not by colour alone. The card has a ground of its own, so that it reads in
a light and in a dark page. Names are text of others: they are escaped, and cut where they are long, with the whole
name as a tooltip. There is no script, no font and no address in it, and equal input gives equal bytes.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from meta_pipeline.delivery.impact.excerpt import Box, Excerpt, Mark
from meta_pipeline.messages.layout import Layout, layout

_WIDTH, _HEIGHT = 236, 46
_GAP_X, _GAP_Y = 64, 16
_EDGE = 20
_LEGEND = 34
_NAME_LETTERS, _HOME_LETTERS = 29, 37
_ARROWHEAD = (
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto"><path d="M0 0 8 4 0 8z" fill="#5b6570"/></marker></defs>'
)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class _Look:
    sign: str
    border: str
    ground: str
    dash: str = ""
    stroke: float = 2


_LOOKS: Mapping[Mark, _Look] = {
    "added": _Look("+", "#1a7f37", "#e6f6ea", stroke=2.5),
    "removed": _Look("−", "#b42318", "#fdecea", dash="6 4"),
    "changed": _Look("~", "#8a5a00", "#fff4d6"),
    "renamed": _Look("»", "#6b3fa0", "#f1e9fb", dash="2 3"),
    "none": _Look("", "#8b95a1", "#ffffff", stroke=1),
}


def picture(excerpt: Excerpt) -> str | None:
    """The SVG document of an excerpt; None where there is nothing to draw."""
    if not excerpt.boxes:
        return None
    placed = layout([box.key for box in excerpt.boxes], excerpt.arrows)
    width = 2 * _EDGE + placed.layers * (_WIDTH + _GAP_X) - _GAP_X
    width = max(width, 2 * _EDGE + 560)
    height = 2 * _EDGE + placed.rows * (_HEIGHT + _GAP_Y) - _GAP_Y + _LEGEND
    size = f'width="{width}" height="{height:g}" viewBox="0 0 {width} {height:g}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="sans-serif">',
            f"<title>{_text(_summary(excerpt))}</title>",
            _ARROWHEAD,
            f'<rect width="{width}" height="{height:g}" rx="8" fill="#fafbfc" stroke="#d0d7de"/>',
            *_arrows(excerpt, placed),
            *(_box(box, placed.places[box.key]) for box in excerpt.boxes),
            *_legend(excerpt, height - _EDGE + 4),
            "</svg>\n",
        ]
    )


def picture_file(change_set: str) -> str:
    """The name of the picture of a change beside its dossier, by the digest of the change."""
    return f"topology-{change_set.removeprefix('sha256:')[:12]}.svg"


def as_markdown(svg: str, words: str) -> str:
    """The picture within Markdown, as the Dagster UI shows it; `words` stand where pictures are not shown."""
    data = base64.b64encode(svg.encode()).decode()
    plain = re.sub(r"[\[\]\\]", "", words)
    return f"![{plain}](data:image/svg+xml;base64,{data})"


def _arrows(excerpt: Excerpt, placed: Layout) -> Iterator[str]:
    gone = {box.key for box in excerpt.boxes if box.mark == "removed"}
    for arrow in excerpt.arrows:
        way = placed.ways[arrow]
        backwards = way[0][0] > way[-1][0]
        (x, y), path = _point(way[0], right=not backwards), []
        for stop in way[1:-1]:
            left, right = _point(stop, right=False), _point(stop, right=True)
            ends = (right, left) if backwards else (left, right)
            path.append(_curve((x, y), ends[0]) + f" L{ends[1][0]:g} {ends[1][1]:g}")
            x, y = ends[1]
        path.append(_curve((x, y), _point(way[-1], right=backwards)))
        start = _point(way[0], right=not backwards)
        dash = ' stroke-dasharray="6 4"' if gone & set(arrow) else ""
        yield (
            f'<path d="M{start[0]:g} {start[1]:g} {" ".join(path)}" fill="none" stroke="#5b6570" stroke-width="1.3"'
            f'{dash} marker-end="url(#arrow)"/>'
        )


def _point(place: tuple[int, float], *, right: bool) -> tuple[float, float]:
    """The middle of the left or the right side of a box."""
    layer, row = place
    x = _EDGE + layer * (_WIDTH + _GAP_X) + (_WIDTH if right else 0)
    return x, _EDGE + row * (_HEIGHT + _GAP_Y) + _HEIGHT / 2


def _curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    middle = (start[0] + end[0]) / 2
    return f"C{middle:g} {start[1]:g} {middle:g} {end[1]:g} {end[0]:g} {end[1]:g}"


def _box(box: Box, place: tuple[int, float]) -> str:
    look = _LOOKS[box.mark]
    x = _EDGE + place[0] * (_WIDTH + _GAP_X)
    y = _EDGE + place[1] * (_HEIGHT + _GAP_Y)
    dash = f' stroke-dasharray="{look.dash}"' if look.dash else ""
    more = f" + {box.more} more" if box.more else ""
    name = _cut(box.name, _NAME_LETTERS - len(more) - (2 if look.sign else 0)) + more
    sign = f"{look.sign} " if look.sign else ""
    return (
        f'<g><title>{_text(box.title)}</title><rect x="{x:g}" y="{y:g}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" '
        f'fill="{look.ground}" stroke="{look.border}" stroke-width="{look.stroke:g}"{dash}/>'
        f'<text x="{x + 10:g}" y="{y + 20:g}" font-size="13" fill="#1f2328">'
        f'<tspan font-weight="700" fill="{look.border}">{_text(sign)}</tspan>{_text(name)}</text>'
        f'<text x="{x + 10:g}" y="{y + 36:g}" font-size="10.5" fill="#57606a">'
        f"{_text(_cut(box.home, _HOME_LETTERS))}</text></g>"
    )


def _legend(excerpt: Excerpt, y: float) -> Iterator[str]:
    present = {box.mark for box in excerpt.boxes}
    x = _EDGE
    for mark, look in _LOOKS.items():
        if mark not in present:
            continue
        words = "around it" if mark == "none" else mark
        dash = f' stroke-dasharray="{look.dash}"' if look.dash else ""
        yield (
            f'<rect x="{x}" y="{y - 12:g}" width="18" height="13" rx="3" fill="{look.ground}" stroke="{look.border}" '
            f'stroke-width="{look.stroke:g}"{dash}/><text x="{x + 9}" y="{y - 1:g}" font-size="12" font-weight="700" '
            f'text-anchor="middle" fill="{look.border}">{_text(look.sign)}</text>'
            f'<text x="{x + 24}" y="{y - 1:g}" font-size="11.5" fill="#1f2328">{words}</text>'
        )
        x += 96
    if excerpt.left_out:
        words = f"{excerpt.left_out} more around it are not drawn"
        yield f'<text x="{x + 8}" y="{y - 1:g}" font-size="11.5" fill="#57606a">{words}</text>'


def _summary(excerpt: Excerpt) -> str:
    """What the picture shows, for those who do not see it."""
    counts: dict[str, int] = {}
    for box in excerpt.boxes:
        if box.mark != "none":
            counts[box.mark] = counts.get(box.mark, 0) + 1 + box.more
    return ", ".join(f"{count} {mark}" for mark, count in counts.items()) or "what is around the change"


def _cut(text: str, letters: int) -> str:
    flat = " ".join(text.split())
    if len(flat) <= letters:
        return flat
    tail = letters // 2  # names differ at their ends
    return f"{flat[: letters - 1 - tail]}…{flat[-tail:]}"


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("�", text))
