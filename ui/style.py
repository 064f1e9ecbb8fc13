"""The few rules that the theme cannot say."""

from __future__ import annotations

import streamlit as st

# Colours come from currentColor or light-dark(), so that one rule serves both themes.
CSS = """
<style>
[data-testid="stMainBlockContainer"] { padding-top: 4.25rem; max-width: 1600px; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding-left: 1rem; padding-right: 1rem; }
}

/* Streamlit's own .6 gives captions a contrast of 4.1 to 1 on the light page; WCAG asks for 4.5. */
[data-testid="stCaptionContainer"] { opacity: .7; }

/* Streamlit writes white on the primary colour, which is light in the dark theme. */
[data-testid="stBaseButton-primary"]:not(:disabled), [data-testid="stMultiSelect"] [data-tag] {
  color: light-dark(#fff, #161412);
}

/* While its popover is open, Streamlit darkens a button's words: unreadable on the dark page. */
[data-testid="stPopoverButton"][aria-expanded="true"] { color: inherit; }

[class*="st-key-facts"] [data-testid="stText"] > span {
  font-family: inherit; overflow-wrap: anywhere; white-space: normal;
}

/* The larger view fits the screen, in proportion. */
[data-testid="stDialog"] [data-testid="stImage"] { align-items: center; }
[data-testid="stDialog"] [data-testid="stImage"] img {
  max-height: 66vh; max-width: 100%; width: auto !important; border-radius: .5rem;
}

/* What can be done with selected pictures stays in sight, over the wall. */
.st-key-selection {
  position: fixed; bottom: 1rem; left: 50%; translate: -50%; z-index: 10; width: max-content;
  max-width: calc(100vw - 2rem); padding: .35rem 1rem;
  border-radius: .75rem; background: light-dark(#fff, #221f1b);
  box-shadow: 0 2px 14px rgb(0 0 0 / .28);
}
@media (hover: none) { .st-key-selection button { min-height: 44px; } }

/* Beside the map there is room for two pictures in a row. */
.st-key-beside-map .wall { grid-template-columns: repeat(auto-fill, minmax(7rem, 1fr)); }
.st-key-beside-map .st-key-wall-picked .wall { grid-template-columns: 1fr; }

/* On a phone the buttons of the story stand below its words. */
.st-key-story > :first-child { min-width: min(100%, 22rem); }

/* A link to another page looks like the button beside it. */
[class*="st-key-link-primary"] a {
  background: light-dark(#a03a24, #db7b5e); padding: .45rem .75rem; border-radius: .5rem;
}
[class*="st-key-link-primary"] a p { color: light-dark(#fff, #161310) !important; }

[class*="st-key-link-tertiary"] a { padding: 0; min-height: 2.5rem; }

/* What lies on the table is shown whole. */
[class*="st-key-chosen"] [data-testid="stMultiSelectTagsContainer"] { flex-wrap: wrap; }
[class*="st-key-chosen"] :has(> [data-testid="stMultiSelectTagsContainer"]) {
  height: auto; max-height: none;
}

/* Two that are compared stand side by side on a phone as well. */
.st-key-pair [data-testid="stHorizontalBlock"] { flex-wrap: nowrap; }
.st-key-pair [data-testid="stColumn"] { min-width: 0; }

/* The picture that is searched for stays in sight, and in proportion. */
[class*="st-key-query-picture"] img {
  max-height: 20rem; width: auto !important; border-radius: .5rem;
}
</style>
"""


def apply_style() -> None:
    st.html(CSS)
