"""Texts -> values of the right kind; what is wrong is said in a sentence."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

YES = ("1", "true", "yes", "on")
NO = ("0", "false", "no", "off")

# What stands for a list of people that cannot be read.
NOBODY = "nobody"


@dataclass(frozen=True)
class Reader:
    """Turns texts into values. What cannot be one is said in `problems`, and replaced.

    values: the text of every setting, "" for one that is not set.
    root: where relative directories begin.
    """

    values: Mapping[str, str]
    root: Path
    problems: list[str]

    def text(self, name: str) -> str:
        return self.values[name]

    def choice(self, name: str, known: Sequence[str]) -> str:
        """One of `known`, of which the first is the default."""
        given = (self.text(name) or known[0]).lower()
        if given in known:
            return given
        self.problems.append(f"{name} must be one of {', '.join(known)}; using {known[0]}.")
        return known[0]

    def flag(self, name: str, if_unclear: bool) -> bool:
        """False if it is unset."""
        given = self.text(name).lower()
        if given and given not in YES + NO:
            self.problems.append(f"{name} must be 1 or 0; it is taken as {int(if_unclear)}.")
            return if_unclear
        return given in YES

    def date(self, name: str, default: str) -> str:
        given = self.text(name) or default
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}(-preview)?", given, re.ASCII):
            return given
        self.problems.append(f"{name} must be a date like {default}; using that.")
        return default

    def positive_number(self, name: str, otherwise: str) -> float | None:
        """None if it is unset or wrong; `otherwise` says what happens then."""
        number = _number(self.text(name))
        if self.text(name) and number is None:
            self.problems.append(f"{name} must be a number above zero; {otherwise}.")
        return number

    def whole_number(self, name: str, otherwise: str, most: float = math.inf) -> int | None:
        """As `positive_number`."""
        number = _number(self.text(name))
        if number is not None and number == int(number) and number <= most:
            return int(number)
        if self.text(name):
            bounds = "above zero" if most == math.inf else f"from 1 to {most}"
            self.problems.append(f"{name} must be a whole number {bounds}; {otherwise}.")
        return None

    def cap(self, name: str) -> int | None:
        """A whole number, 0 for none at all; None if it is unset. Where it is wrong it is 0."""
        given = self.text(name)
        if not given or re.fullmatch(r"\d{1,9}", given, re.ASCII):
            return int(given) if given else None
        self.problems.append(
            f"{name} must be a whole number, such as 100; until it is one, no paid calls are made."
        )
        return 0

    def people(self, name: str, domains: bool = False) -> tuple[str, ...] | None:
        """E-mail addresses, and domains if wanted, in small letters; None if it is unset.

        What is no address lets nobody in.
        """
        given = [one.lower() for one in re.split(r"[\s,;]+", self.text(name)) if one]
        if domains:
            given = [one.removeprefix("@") for one in given]
        form = r"[^@]+@[^@]+" if not domains else r"([^@]+@)?[^@]+\.[^@]+"
        good = [one for one in given if re.fullmatch(form, one)]
        if len(good) < len(given) and given != [NOBODY]:
            what = "e-mail addresses or domains" if domains else "e-mail addresses"
            self.problems.append(
                f"{name} must be {what} with commas between them; what is none lets nobody in."
            )
        return tuple(good) if self.text(name) else None

    def name(self, name: str) -> str:
        """The name of a model or a deployment; "" if it is unset or wrong."""
        given = self.text(name)
        if not given or re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", given, re.ASCII | re.IGNORECASE):
            return given
        self.problems.append(
            f"{name} must be a name of letters, digits, dots, dashes and underscores, "
            "like embed-v-4-0; it is not used."
        )
        return ""

    def directory(self, name: str, default: Path) -> Path:
        path = Path(self.text(name) or default)
        try:
            path = path.expanduser()
        except RuntimeError:
            self.problems.append(
                f"{name} names a home directory that is not there; using {default}."
            )
            path = default
        return path if path.is_absolute() else self.root / path

    def endpoint(self, name: str, clean: Callable[[str], str]) -> str:
        """clean: raises ValueError with a sentence for what is no endpoint."""
        try:
            return clean(self.text(name)) if self.text(name) else ""
        except ValueError as error:
            self.problems.append(str(error))
            return ""

    def key(self, name: str, again: str) -> str:
        """again: what to do about a key that cannot be one."""
        given = self.text(name)
        if given.isascii() and given.isprintable() and " " not in given:
            return given
        self.problems.append(f"{name} holds a character that no key has; {again}.")
        return ""

    def host(self, name: str) -> str:
        """A host's name or address, or the folder of a socket; never with a user or a password."""
        given = self.text(name)
        if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]+|/[^\0]*|", given):
            return given
        # A connection string holds a password, so that nothing of it is repeated.
        self.problems.append(
            f"{name} must be the name of the server alone, without user, password or database; "
            "the index is kept in DATA_DIR."
        )
        return ""

    def port(self, name: str, default: int) -> int:
        number = _number(self.text(name) or str(default))
        if number is not None and number == int(number) and number < 2**16:
            return int(number)
        self.problems.append(f"{name} must be a port, a number up to 65535; using {default}.")
        return default

    def schema(self, name: str, default: str) -> str:
        """A name that SQL takes without quotes."""
        given = self.text(name) or default
        if re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", given) and not given.startswith("pg_"):
            return given
        self.problems.append(
            f"{name} must be made of small letters, digits and _, like {default}; using that."
        )
        return default


def _number(text: str) -> float | None:
    """A finite number above zero, or None."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None
