"""NASA Earthdata: account and granules, through the package earthaccess (``soilbook[nasa]``)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from netrc import NetrcParseError, netrc
from types import ModuleType

from soilbook.errors import DataError

TOKEN, LOGIN = "EARTHDATA_TOKEN", "urs.earthdata.nasa.gov"
ACCOUNT = (
    f"a free NASA Earthdata account is needed, its token in {TOKEN} or {LOGIN} in .netrc, and its "
    "approval of the archive in the account's list of applications"
)


@contextmanager
def _earthaccess(product: str) -> Iterator[ModuleType]:
    """The package; what it raises becomes one line without what may hold a secret."""
    try:
        import earthaccess
    except ImportError:
        raise DataError(
            "the package earthaccess is needed here: pip install 'soilbook[nasa]'"
        ) from None
    try:
        yield earthaccess
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{product}: {type(error).__name__} of earthaccess; {ACCOUNT}") from None


def login(product: str) -> str:
    """Log in with the environment's token, else with .netrc, and return the token."""
    with _earthaccess(product) as package:
        auth = package.login(strategy="environment" if os.environ.get(TOKEN) else "netrc")
        if not auth.authenticated:
            raise DataError(f"{product}: {ACCOUNT}")
        return auth.token["access_token"]


def token(product: str, account: str) -> str:
    """The token of the environment, else that of the account in .netrc.

    Raises DataError with the words ``account`` where there is neither.
    """
    if given := os.environ.get(TOKEN):
        return given
    try:
        known = netrc().authenticators(LOGIN)
    except (OSError, NetrcParseError):
        known = None
    if known is None:
        raise DataError(f"{product}: {account}")
    return login(product)


def granules(product: str, **asked) -> list:
    """Granules of a search; DataError where there are none."""
    with _earthaccess(product) as package:
        found = package.search_data(**asked)
    if not found:
        said = ", ".join(f"{name} {value}" for name, value in asked.items())
        raise DataError(f"{product}: no granules of {said}")
    return list(found)
