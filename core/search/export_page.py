"""Results as one web page that needs nothing else: no server, no network, no script."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from core.search.export import MOST_TAKEN_ALONG
from core.search.ranking import Result


@dataclass(frozen=True)
class Sheet:
    """What the page says beside its pictures.

    title: the query in its text form. parts: as for `core.search.export.to_csv`.
    above: how many of the results stand out, which are the first; None where that is not told.
    label: who answered.
    """

    title: str
    parts: tuple[str, ...]
    above: int | None
    label: str


def to_page(
    results: Sequence[Result],
    sheet: Sheet,
    thumbnail: Callable[[str], bytes],
    *,
    most: int = MOST_TAKEN_ALONG,
) -> str:
    """A whole HTML document with the pictures, their names, cosines and shares.

    thumbnail: a picture's thumbnail as JPEG, by its id. most: how many pictures are shown; the page
    says where there are more. All that a visitor or a file named is escaped, and the page forbids
    itself to ask any host for anything.
    """
    shown = results[:most]
    cards = [_card(result, sheet.parts, thumbnail(result.picture.id)) for result in shown]
    if sheet.above and sheet.above < len(shown):
        cards.insert(sheet.above, "<p class=line>Less alike from here on</p>")
    return _PAGE.format(
        style=_STYLE,
        title=escape(sheet.title),
        said=escape(_said(len(shown), len(results), sheet)),
        cards="\n".join(cards),
    )


def _said(shown: int, total: int, sheet: Sheet) -> str:
    pictures = f"{total:,} picture{'' if total == 1 else 's'}"
    if shown < total:
        pictures = f"The first {shown:,} of {pictures}"
    if sheet.above is not None:
        stand = f"{sheet.above:,}" if sheet.above else "none"
        pictures += f" · {stand} stand{'s' if sheet.above == 1 else ''} out"
    return f"{pictures} · {sheet.label}"


def _card(result: Result, parts: Sequence[str], jpeg: bytes) -> str:
    name, hit = escape(result.picture.name), result.hit
    source = "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
    lines = [f"<b>{name}</b>"]
    if hit is not None:
        lines.append(f"<span>{hit.rank:,} · cosine {hit.cosine:.4f}</span>")
        if len(parts) > 1:
            shares = zip(parts, hit.shares, strict=False)
            lines += [f"<span>{escape(part)}: {share:+.4f}</span>" for part, share in shares]
    return (
        f'<figure><img src="{source}" alt="{name}"><figcaption>{"".join(lines)}</figcaption>'
        "</figure>"
    )


_STYLE = """
:root { color-scheme: light dark; --ground: #faf9f7; --ink: #1d1a17; --quiet: #68625b;
  --rule: #d9d4cd; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #171513; --ink: #ece8e2; --quiet: #a8a199; --rule: #3b3733; }
}
body { margin: 0 auto; padding: 2rem 1.25rem; max-width: 80rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.45 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.25; overflow-wrap: anywhere; }
header p, span { color: var(--quiet); }
header p { margin: .35rem 0 1.75rem; }
main { display: grid; gap: 1.5rem 1.25rem;
  grid-template-columns: repeat(auto-fill, minmax(min(11rem, 42vw), 1fr)); }
figure { margin: 0; break-inside: avoid; }
img { display: block; width: 100%; aspect-ratio: 4 / 3; object-fit: contain; border-radius: .4rem;
  background: color-mix(in srgb, var(--ink) 6%, transparent); }
figcaption { margin-top: .4rem; font-size: .875rem; overflow-wrap: anywhere; }
b { display: block; font-weight: 500; }
span { display: block; font-size: .8125rem; font-variant-numeric: tabular-nums; }
.line { grid-column: 1 / -1; display: flex; align-items: center; gap: 1rem; margin: .5rem 0;
  color: var(--quiet); font-size: .875rem; }
.line::before, .line::after { content: ""; flex: 1; border-top: 1px solid var(--rule); }
@media print {
  :root { --ground: #fff; --ink: #000; --quiet: #444; --rule: #bbb; color-scheme: light; }
  body { max-width: none; padding: 0; font-size: .8rem; }
  main { grid-template-columns: repeat(4, 1fr); gap: 1rem; }
}
"""

# `default-src 'none'`: whatever a name smuggled in, nothing would be fetched and nothing run.
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p>{said}</p>
</header>
<main>
{cards}
</main>
</body>
</html>
"""
