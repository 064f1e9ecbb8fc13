"""An Entra ID token as the password of Azure Database for PostgreSQL."""

from __future__ import annotations

import logging
from functools import lru_cache

from core.entra import Tokens
from core.errors import IndexUnavailable

log = logging.getLogger(__name__)

# The servers at Azure, in its public and its national clouds.
HOSTS = (
    ".postgres.database.azure.com",
    ".postgres.database.usgovcloudapi.net",
    ".postgres.database.chinacloudapi.cn",
)

# Source: learn.microsoft.com, "Microsoft Entra authentication", Azure Database for PostgreSQL.
SCOPE = "https://ossrdbms-aad.database.windows.net/.default"

NO_PACKAGE = (
    "POSTGRES_PASSWORD is not set: set it or, to sign in with Entra ID, run pip install -r "
    "requirements-azure.txt."
)
NO_TOKEN = (
    "Entra ID gives no token for the database: sign in with az login, give this host a managed "
    "identity, or set POSTGRES_PASSWORD."
)


def token() -> str:
    """A token that is good for a new connection. Raises IndexUnavailable."""
    try:
        return _tokens().get()
    except ImportError:
        raise IndexUnavailable(NO_PACKAGE) from None
    except Exception as error:  # each way to sign in has errors of its own
        # By its kind alone: the error may hold a request and what it carries.
        log.warning("Entra ID gave no token: %s", type(error).__name__)
        failed = IndexUnavailable(NO_TOKEN)
    raise failed


@lru_cache(maxsize=1)
def _tokens() -> Tokens:
    return Tokens(SCOPE)
