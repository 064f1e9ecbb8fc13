"""The index in one SQLite file, searched through a memory-mapped numpy matrix."""
