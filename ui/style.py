"""The few rules that the theme cannot say."""

from __future__ import annotations

import streamlit as st

# Colours come from currentColor, so that one rule serves the light and the dark theme.
CSS = """
<style>
[data-testid="stMainBlockContainer"] { padding-top: 4.5rem; max-width: 1680px; }

/* Pictures hang on a mat: one height for all, nothing cropped, rows that line up. */
[class*="st-key-wall"] [data-testid="stImage"] img {
  width: 100%; aspect-ratio: 1 / 1; object-fit: contain; border-radius: .5rem;
  background: color-mix(in srgb, currentColor 6%, transparent);
}
[class*="st-key-wall"] [data-testid="stText"],
[class*="st-key-facts"] [data-testid="stText"] { overflow: hidden; }
[class*="st-key-wall"] [data-testid="stText"] > * {
  font-family: inherit; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
}
[class*="st-key-facts"] [data-testid="stText"] > * {
  font-family: inherit; overflow-wrap: anywhere; white-space: normal;
}
[class*="st-key-score"] { font-variant-numeric: tabular-nums; }

/* The picture that is searched for stays in sight, and in proportion. */
[class*="st-key-query-picture"] img {
  max-height: 22rem; object-fit: contain; border-radius: .5rem;
}
</style>
"""


def apply_style() -> None:
    st.html(CSS)
