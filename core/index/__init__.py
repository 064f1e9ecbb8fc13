"""The index: what is known of files, pictures and vectors, and the search over it."""
