"""Paintings from descriptions: drawn small and fast to learn from, painted large to look at."""
