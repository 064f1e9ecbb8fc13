"""An element of our own: its style and its script lie beside the module that draws it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer


def component(name: str, module: str, files: str) -> ComponentRenderer:
    """Register an element; call what is returned to draw it.

    name: what the element is called, and its class, there with hyphens. module: the `__file__` of
    the module that draws it. files: the name of the style and of the script beside it, without
    their suffixes.
    """
    beside, css_class = Path(module), name.replace("_", "-")
    return st.components.v2.component(
        name,
        html=f"<div class='{css_class}'></div>",
        css=beside.with_name(f"{files}.css").read_text("utf-8"),
        js=beside.with_name(f"{files}.js").read_text("utf-8"),
        isolate_styles=False,
    )
