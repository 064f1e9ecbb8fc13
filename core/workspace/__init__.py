"""The use cases: what a page can ask for, on one data folder."""

from core.workspace.workspace import BANK_WORDS, Status, Workspace

__all__ = ["BANK_WORDS", "Status", "Workspace"]
