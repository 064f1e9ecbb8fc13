"""The use cases: what a page can ask for, on one data folder."""

from core.workspace.words import BANK_WORDS
from core.workspace.workspace import Status, Workspace

__all__ = ["BANK_WORDS", "Status", "Workspace"]
