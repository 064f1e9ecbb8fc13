"""Names that are left out of a scan: what other programs keep beside the pictures."""

from __future__ import annotations

import fnmatch
import re

# What is left out by its name, whether file or folder, in letters of either case, and why. Indexed,
# these would be small or old copies of pictures that are there anyway, each paid for once more.
# Sources: the manuals and forums of the programs named.
_REASONS: dict[str, tuple[str, ...]] = {
    "previews that a Synology or QNAP drive made": ("@eadir", "@__thumb", ".@__thumb"),
    "snapshots that a network drive keeps of its files": ("#snapshot", "@recently-snapshot"),
    "a network drive's own files": ("@tmp", "@synoresource", "@sharebin", ".wdmc"),
    "a bin, whose files were deleted": (
        "#recycle",
        "@recycle",
        "$recycle.bin",
        "recycler",
        ".trash",
        ".trash-*",
        ".trashes",
        ".dtrash",
        "network trash folder",
    ),
    "a Mac's notes on files, which are no pictures": ("._*", ".appledouble", "__macosx"),
    "previews that a photo program made": (
        ".thumbnails",
        ".thumbcache",
        ".xvpics",
        "*.lrdata",
        "*.lrprev",
        "*.cocache",
        ".picasaoriginals",
    ),
    "versions that a synchronisation keeps": (".stversions", ".sync", ".dropbox.cache"),
    "a file system's own files": ("lost+found", "system volume information"),
}

# What everything else is called whose name begins with a dot.
HIDDEN = "hidden"

# One expression for all, because it is asked for every file: the group that matches is the name's.
_PATTERNS = [(pattern, why) for why, patterns in _REASONS.items() for pattern in patterns]
_ANY = re.compile("|".join(f"({fnmatch.translate(pattern)})" for pattern, _ in _PATTERNS))

# Names as they are known, where lower case would look strange.
_SHOWN = {
    "@eadir": "@eaDir",
    "$recycle.bin": "$RECYCLE.BIN",
    ".appledouble": ".AppleDouble",
    "__macosx": "__MACOSX",
    ".trash-*": ".Trash",
}


def why_left_out(name: str) -> tuple[str, str] | None:
    """(what it is called in a count, a sentence) for a name that is left out; else None.

    >>> why_left_out("@eaDir")
    ('@eaDir', 'Left out: previews that a Synology or QNAP drive made.')
    """
    match = _ANY.match(name.lower())
    if match is not None and match.lastindex is not None:
        pattern, why = _PATTERNS[match.lastindex - 1]
        return _SHOWN.get(pattern, pattern), f"Left out: {why}."
    return (HIDDEN, "Left out: its name begins with a dot.") if name.startswith(".") else None
