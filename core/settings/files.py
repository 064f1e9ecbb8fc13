"""What .env and secrets.toml hold, and why something in them is not read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Set
from pathlib import Path

from dotenv import dotenv_values

from core.settings.model import NAMES


def read_dotenv(path: Path | None, problems: list[str]) -> Mapping[str, object]:
    """What the file sets; nothing if it is not there or, with a sentence in `problems`, no text."""
    if path is None or not path.is_file():
        return {}
    try:
        # Notepad puts a byte order mark first; a key may hold what looks like a ${VARIABLE}.
        return dict(dotenv_values(path, interpolate=False, encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        problems.append("The file .env cannot be read as UTF-8 text, so it is not used.")
        return {}


def secrets_problem(path: Path) -> str:
    """Why Streamlit cannot read this secrets.toml, naming settings but never a value.

    Returns "" if it can be read, or is not there. TOML takes a file as a whole or not at all, so
    one wrong line loses every setting in the file; the sentence names them all.
    """
    if path.suffix != ".toml" or not path.exists():
        return ""  # a folder of mounted secrets, or nothing
    try:
        content = path.read_bytes()
    except OSError as error:
        return f"The file {path.name} cannot be read ({error.strerror})."
    text = content.decode(errors="replace")
    try:
        tomllib.loads(content.decode())
    except UnicodeDecodeError:
        why = f"The file {path.name} is no UTF-8 text."
    except tomllib.TOMLDecodeError as error:
        why = _wrong_line(path.name, text, str(error))
    else:
        return ""
    lost = [name for name in NAMES if re.search(rf"(?im)^\W*{name}\b", text)]
    return f"{why} Until then nothing in that file is used" + (
        f": {', '.join(lost)}." if lost else "."
    )


def _wrong_line(file: str, text: str, error: str) -> str:
    """A sentence about the line that `error` (of tomllib) means.

    The message itself is not shown, because it may quote a character of a key.
    """
    if text.startswith("\ufeff"):
        return f"The file {file} begins with a byte order mark; save it as UTF-8 without one."
    lines = text.rstrip().split("\n")
    if found := re.search(r"at line (\d+)", error):
        number = min(int(found[1]), len(lines))
    else:  # at the end of the file, where tomllib finds a single quote that was never closed
        unclosed = [n for n, line in enumerate(lines, 1) if line.count("'") % 2]
        number = unclosed[0] if unclosed else len(lines)
    name, equals, value = (part.strip() for part in lines[number - 1].partition("="))
    known = name.upper() if name.upper() in NAMES else ""
    if error.startswith("Cannot "):  # overwrite a value, declare a section again
        why = "it stands there twice"
    elif name.startswith("["):
        why = "a section needs both its square brackets"
    elif not equals:
        why = "there is no = between name and value"
    elif "\\" in value:
        why = "a value with a backslash must stand in single quotes"
    else:
        why = f'its value must stand in straight quotes, as in {known or "NAME"} = "…"'
    where = f"{known} (line {number} of {file})" if known else f"Line {number} of {file}"
    return f"{where} cannot be read: {why}."


def misplaced(file: str, content: Mapping[str, object], unset: Set[str]) -> Iterator[str]:
    """A sentence for each setting in a file that stands where it is not read.

    unset: the settings that have no value from anywhere; only those are worth a sentence.
    """
    for key, value in content.items():
        if key in unset and is_nested(value):
            yield f"{key} in {file} is a section or a list; it must be one value in quotes."
        elif isinstance(value, Mapping):
            # People write VISION_KEY as [azure] key, and CLIP_MODEL as [clip] model.
            prefix = "VISION" if "AZURE" in key.upper() else key.upper()
            inside = {name for k in value for name in (k.upper(), f"{prefix}_{k.upper()}")}
            for name in sorted(inside & unset):
                yield (
                    f"{name} in {file} is not read, because it stands in a section: write "
                    f'{name} = "…" above the first line in square brackets.'
                )
        elif key not in NAMES and key.upper() in unset:
            yield f"{key.upper()} in {file} is not read: its name must be in capitals."


def is_nested(value: object) -> bool:
    return isinstance(value, Mapping | list)
