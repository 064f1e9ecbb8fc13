"""Some pictures alone, as an address names them: where a search is to stay within them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

# Beyond this an address becomes longer than browsers, mail programs and hosts take (8 KB).
MOST_IN_ADDRESS = 120
# A SHA-256 has 32 bytes, which are 43 characters of base64 without its padding.
DIGEST_BYTES, WRITTEN = 32, 43


def print_ids(ids: Sequence[str]) -> str:
    """Picture ids as one word of an address: 43 characters for each, one after the other."""
    return "".join(base64.urlsafe_b64encode(bytes.fromhex(one)).decode().rstrip("=") for one in ids)


def parse_ids(written: str) -> tuple[str, ...]:
    """The picture ids that `print_ids` wrote; empty for what it did not write."""
    if not written or len(written) % WRITTEN or len(written) > MOST_IN_ADDRESS * WRITTEN:
        return ()
    pieces = [written[at : at + WRITTEN] for at in range(0, len(written), WRITTEN)]
    try:
        digests = [base64.b64decode(piece + "=", altchars=b"-_", validate=True) for piece in pieces]
    except (binascii.Error, ValueError):
        return ()
    if any(len(digest) != DIGEST_BYTES for digest in digests):
        return ()
    return tuple(dict.fromkeys(digest.hex() for digest in digests))
