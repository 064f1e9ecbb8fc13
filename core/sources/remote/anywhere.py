"""Any place that fsspec knows, where its package is installed: s3://, gs://, sftp://, …"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from core.deadline import Deadline
from core.errors import LinkError, LinkUnavailable, SourceError
from core.model import Unreadable
from core.sources.remote.entry import Entry, mark_of, name_of, named_as_picture, path_of, size_of
from core.sources.remote.spec import Spec

log = logging.getLogger(__name__)

# What the listings of fsspec's file systems call the things that change with a file, the best one
# first. Sources: s3fs, gcsfs, adlfs, sftp, and fsspec's own local and memory.
CHANGES = (
    *("content_md5", "md5Hash", "md5", "ETag", "etag", "LastModified", "last_modified"),
    *("updated", "mtime", "modified", "created"),
)


class Anywhere:
    """The files below an address of fsspec. Its libraries decide how long they wait."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._opened: tuple[Any, str] | None = None

    def entries(self, deadline: Deadline) -> Iterator[Entry | Unreadable]:
        system, root = self._open()
        try:
            system.invalidate_cache()
            found: Mapping[str, Mapping[str, Any]] = system.find(root, detail=True)
        except Exception as error:  # each library has its own; their texts may hold a key
            log.warning("The source %s cannot be listed: %s", self._spec.name, _kind(error))
            raise SourceError(
                f"The source {self._spec.name} cannot be listed ({_kind(error)}). Check its "
                "address and what its library needs to sign in."
            ) from None
        for number, (path, facts) in enumerate(found.items()):
            if number % 1000 == 0:
                deadline.check()
            name = path.removeprefix(root).lstrip("/") or path.rpartition("/")[2]
            mark = next((facts[key] for key in CHANGES if facts.get(key)), "")
            size = size_of(str(facts.get("size")))
            yield Entry(path_of(name), size, mark_of(mark), named_as_picture(name))

    def read(self, inside: str, deadline: Deadline, most: int) -> bytes:
        deadline.check()
        try:
            system, root = self._open()
            with system.open(f"{root.rstrip('/')}/{name_of(inside)}", "rb") as file:
                data = bytes(file.read(most + 1))
        except (FileNotFoundError, SourceError):
            raise FileNotFoundError from None
        except Exception as error:
            raise LinkUnavailable(f"Its source did not give the file ({_kind(error)}).") from None
        if len(data) > most:
            raise LinkError(f"The file is larger than {most // 2**20} MB.")
        return data

    def _open(self) -> tuple[Any, str]:
        if self._opened is None:
            protocol = self._spec.address.partition("://")[0]
            try:
                from fsspec.core import url_to_fs

                self._opened = url_to_fs(self._spec.address)
            except ImportError:
                raise SourceError(
                    f"The source {self._spec.name} needs fsspec and its package for {protocol}://, "
                    "for example s3fs for s3://. Install requirements-fsspec.txt and that package."
                ) from None
            except Exception as error:
                raise SourceError(
                    f"The source {self._spec.name} cannot be opened ({_kind(error)}). Check its "
                    "address."
                ) from None
        return self._opened


def _kind(error: Exception) -> str:
    return type(error).__name__
