"""Text of a visitor's or a file's in a label, which Streamlit reads as markdown."""

from __future__ import annotations

import re

# Letters and digits, with single signs between them that markdown reads as themselves there: most
# names. They stay as they are, so that a program that reads the page sees the name itself.
PLAIN = re.compile(r"[^\W_]+(?:[-._ ][^\W_]+)*")

SPECIAL = "\\`*_{}[]<>()#+-.!|~:$"


def literal(text: str, longest: int) -> str:
    """Markdown that shows the text as it is, on one line, cut after `longest` characters."""
    text = " ".join(text.split())
    text = text if len(text) <= longest else f"{text[: longest - 1]}…"
    # An address of the web becomes a link by itself.
    if PLAIN.fullmatch(text) and "www." not in text.lower():
        return text
    return "".join(f"\\{c}" if c in SPECIAL else c for c in text)
