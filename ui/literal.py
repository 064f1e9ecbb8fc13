"""Text of a visitor's or a file's in a label, which Streamlit reads as markdown."""

from __future__ import annotations

SPECIAL = "\\`*_{}[]<>()#+-.!|~:$"


def literal(text: str, longest: int) -> str:
    """Markdown that shows the text as it is, on one line, cut after `longest` characters."""
    text = " ".join(text.split())
    text = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return "".join(f"\\{c}" if c in SPECIAL else c for c in text)
