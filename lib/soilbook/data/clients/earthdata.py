"""NASA Earthdata's granules through the package earthaccess, the extra ``soilbook[nasa]``."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from soilbook.errors import DataError

ACCOUNT = (
    "a free NASA Earthdata account is needed, its token in EARTHDATA_TOKEN or urs.earthdata.nasa."
    "gov in .netrc, and its approval of the archive in the account's list of applications"
)


def package() -> ModuleType:
    """earthaccess, imported where it is used; DataError that says how to install it."""
    try:
        import earthaccess
    except ImportError:
        raise DataError(
            "the package earthaccess is needed here: pip install 'soilbook[nasa]'"
        ) from None
    return earthaccess


@contextmanager
def told(product: str) -> Iterator[None]:
    """What earthaccess raises, in one line without what may hold a secret."""
    try:
        yield
    except (DataError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise DataError(f"{product}: {type(error).__name__} of earthaccess; {ACCOUNT}") from None


def login(product: str) -> str:
    """Log in with the environment's token, else with .netrc, and return the token."""
    earthaccess = package()
    strategy = "environment" if os.environ.get("EARTHDATA_TOKEN") else "netrc"
    with told(product):
        auth = earthaccess.login(strategy=strategy)
        if not auth.authenticated:
            raise DataError(f"{product}: {ACCOUNT}")
        return auth.token["access_token"]


def granules(product: str, **asked) -> list:
    """Granules of a search; DataError where there are none."""
    with told(product):
        found = package().search_data(**asked)
    if not found:
        said = ", ".join(f"{name} {value}" for name, value in asked.items())
        raise DataError(f"{product}: no granules of {said}")
    return list(found)
