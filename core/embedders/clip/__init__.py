"""A real open CLIP on this machine, with the download of its weights."""
