"""Paid calls: what some cost before they are made, and what was used, for those who pay."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.hosting import DAYS_SHOWN, Caps, Usage
from core.workspace import Workspace
from ui.numbers import count
from ui.visitor import visitor

KINDS = {"image": "Pictures", "text": "Texts", "link": "Links"}

# Readable on the light and on the dark page.
COLOURS = ["#b5563c", "#5f8f8b", "#b08d3c"]
HEIGHT = 240  # pixels

# Below this rate a minute tells more than a second.
SLOW = 1.0


def price_tag(workspace: Workspace, calls: int) -> str:
    """ "312 calls, about 0.03 $", as Markdown."""
    cost = workspace.cost(calls).replace("$", "\\$")
    return count(calls, "call") + (f", {cost}" if cost else "")


def this_month(workspace: Workspace) -> str:
    """The meter in a few words, as Markdown; "" where nothing is paid or for a mere visitor."""
    if not workspace.embedder.paid or not visitor(workspace).may_manage:
        return ""
    usage = workspace.usage()
    words = [f"{count(usage.answered, 'call')} this month"]
    if cost := workspace.cost(usage.answered):
        words.append(cost.replace("$", "\\$"))
    if usage.cached:
        words.append(f"{usage.cached:,} saved")
    return " · ".join(words)


def calls_panel(workspace: Workspace) -> None:
    """What was used, day by day; nothing where nothing is paid."""
    if not workspace.embedder.paid:
        return
    usage = workspace.usage()
    with st.expander("Calls", key="calls", icon=":material/receipt_long:"):
        st.markdown(_month(workspace, usage))
        if any(day.answered for day in usage.days):
            st.vega_lite_chart(
                spec=_chart(usage),
                height=HEIGHT,
                alt=f"Calls that were answered on each of the last {DAYS_SHOWN} days, by kind",
            )
        st.caption(_limits(workspace))


def _month(workspace: Workspace, usage: Usage) -> str:
    words = f"This month: **{price_tag(workspace, usage.answered)}**"
    words += f" · {usage.cached:,} answered from what was kept"
    if usage.refused:
        words += f" · {usage.refused:,} refused by the service, which costs nothing"
    if usage.capped:
        words += f" · {usage.capped:,} held back by a cap"
    return words


def _limits(workspace: Workspace) -> str:
    limit = workspace.limit_per_second
    if limit is None:
        words = "The tier’s limit is not known yet: it is found while calls are made."
    elif limit < SLOW:
        words = f"The tier takes about {limit * 60:.0f} calls a minute."
    else:
        words = f"The tier takes about {limit:.0f} calls a second."
    words += f" {_caps(workspace.caps)}"
    if not workspace.settings.vision_price_per_1000:
        words += " With VISION_PRICE_PER_1000 set, the cost stands here."
    return words + " Days are those of UTC."


def _caps(caps: Caps) -> str:
    if not caps.any:
        return "No cap is set."
    each = [
        (caps.per_day, "a day"),
        (caps.visitor_per_day, "a day for each visitor"),
        (caps.visitor_per_minute, "a minute for each visitor"),
    ]
    words = [f"{count(most, 'call')} {what}" for most, what in each if most is not None]
    return f"Caps: {', '.join(words)}."


def _chart(usage: Usage) -> dict[str, Any]:
    """In Vega-Lite itself: altair, which writes it too, takes half a second to import."""
    rows = [
        {"day": day.day, "kind": KINDS.get(day.kind, day.kind), "calls": day.answered}
        for day in usage.days
        if day.answered
    ]
    names = list(KINDS.values())
    return {
        "data": {"values": rows},
        "mark": {"type": "bar", "width": {"band": 0.7}},
        "encoding": {
            "x": {
                "field": "day",
                "type": "temporal",
                "timeUnit": "utcyearmonthdate",
                "scale": {"domain": list(usage.shown)},
                "axis": {"format": "%-d %b", "title": None, "grid": False},
            },
            "y": {
                "field": "calls",
                "type": "quantitative",
                "axis": {"title": None, "tickMinStep": 1, "tickCount": 4, "format": ",d"},
            },
            "color": {
                "field": "kind",
                "type": "nominal",
                "scale": {"domain": names, "range": COLOURS},
                "legend": {"orient": "top", "title": None},
            },
            "tooltip": [
                {"field": "day", "type": "temporal", "timeUnit": "utcyearmonthdate"},
                {"field": "kind"},
                {"field": "calls"},
            ],
        },
    }
