"""Clients of the owners of observed data: what ``soilbook data get`` fetches, one module a product.

A module has ``plan(root, names, start, end)``, which says what is to be fetched; ``download`` does
it. Addresses, paces and forms are those of the owners' documents.
"""

from importlib import import_module
from pathlib import Path

import pandas as pd

from soilbook.data.clients.download import Plan
from soilbook.errors import ParameterError, unknown

NAMES = ("uscrn", "power", "scan", "wang2024", "nldas", "smap")


def plan(
    product: str, root: Path, names: list[str], start: str | None = None, end: str | None = None
) -> Plan:
    """What is to be fetched of a product; ``start`` and ``end`` are dates yyyy-mm-dd.

    Raises ParameterError for a product without a client, a date or a name, DataError where its
    owner's list cannot be read.
    """
    if product not in NAMES:
        raise unknown("product that can be fetched", product, NAMES)
    first, last = (_day(text, option) for text, option in ((start, "--from"), (end, "--to")))
    if first is not None and last is not None and first > last:
        raise ParameterError(f"--from {start} is after --to {end}")
    module = import_module(f"{__name__}.{product}")
    return module.plan(root, names, first, last)


def _day(text: str | None, option: str) -> pd.Timestamp | None:
    if text is None:
        return None
    try:
        return pd.to_datetime(text, format="%Y-%m-%d")
    except ValueError:
        raise ParameterError(f"{option} is {text!r}; a date yyyy-mm-dd is needed") from None
