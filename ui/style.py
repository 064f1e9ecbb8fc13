"""The few rules that the theme cannot say."""

from __future__ import annotations

import streamlit as st

# Colours come from currentColor, so that one rule serves the light and the dark theme.
CSS = """
<style>
[data-testid="stMainBlockContainer"] { padding-top: 4.25rem; max-width: 1600px; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding-left: 1rem; padding-right: 1rem; }
}

/* Pictures hang on a mat: one height for all, nothing cropped, rows that line up. */
[class*="st-key-wall"] [data-testid="stImage"] img {
  width: 100% !important; aspect-ratio: 1 / 1; object-fit: contain; border-radius: .5rem;
  background: color-mix(in srgb, currentColor 6%, transparent);
}
[class*="st-key-wall"] [data-testid="stVerticalBlock"] { gap: .25rem; }

/* The name, then the cosine: two lines of one text, each cut where the column ends. */
[class*="st-key-wall"] [data-testid="stElementContainer"]:has(> [data-testid="stText"]) {
  width: 100%;
}
[class*="st-key-wall"] [data-testid="stText"] > span {
  display: block; font-family: inherit; font-size: .82rem; line-height: 1.45;
  white-space: pre; overflow: hidden; text-overflow: ellipsis;
  font-variant-numeric: tabular-nums;
  color: color-mix(in srgb, currentColor 68%, transparent);
}
[class*="st-key-wall"] [data-testid="stText"] > span::first-line {
  font-size: .92rem; color: var(--text-color, inherit);
}
[class*="st-key-facts"] [data-testid="stText"] > span {
  font-family: inherit; overflow-wrap: anywhere; white-space: normal;
}

/* What can be done with a picture: quiet words in one line. */
[class*="st-key-wall"] [data-testid="stHorizontalBlock"] { gap: 0 .7rem; }
[class*="st-key-wall"] [data-testid="stPageLink-NavLink"] {
  padding: 0; margin: 0; background: none; height: 1.6rem; min-height: 0; line-height: 1.6rem;
}
[class*="st-key-wall"] [data-testid="stBaseButton-tertiary"] {
  padding: 0; height: 1.6rem; min-height: 0;
}
[class*="st-key-wall"] :is([data-testid="stPageLink"], [data-testid="stButton"]) p {
  font-size: .8rem; font-weight: 400;
  color: color-mix(in srgb, currentColor 80%, transparent);
}
[class*="st-key-wall"] :is([data-testid="stPageLink"], [data-testid="stButton"]):hover p {
  color: var(--st-primary-color, #c8643c); text-decoration: underline;
}

/* The larger view fits the screen, in proportion. */
[data-testid="stDialog"] [data-testid="stImage"] { align-items: center; }
[data-testid="stDialog"] [data-testid="stImage"] img {
  max-height: 66vh; max-width: 100%; width: auto !important; border-radius: .5rem;
}

/* What lies on the table is shown whole. */
[class*="st-key-chosen"] [data-baseweb="select"] > div > div { flex-wrap: wrap; }

/* The picture that is searched for stays in sight, and in proportion. */
[class*="st-key-query-picture"] img {
  max-height: 20rem; width: auto !important; border-radius: .5rem;
}
</style>
"""


def apply_style() -> None:
    st.html(CSS)
