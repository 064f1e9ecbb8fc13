"""Vectorscope: search pictures by meaning."""

from ui.navigation import navigation

navigation().run()
