"""The commands ``soilbook data`` and ``soilbook site``: what is observed, and a site of one's own.

Each takes the options of its parser, prints, and returns the exit code, None for 0.
"""

import sys
from pathlib import Path

from soilbook import data
from soilbook.book import products
from soilbook.data import download, own
from soilbook.errors import ParameterError, SoilbookError, unknown
from soilbook.store import write


def data_list(options) -> None:
    folder = data.folder()
    print(f"data folder: {folder}{'' if folder.is_dir() else ' (absent)'}; SOILBOOK_DATA sets it")
    for product in products.PRODUCTS.values():
        count = sum(product.opens(file, folder) for file in products.files(product, folder))
        print(f"{product.name:8} {f'{count} files' if count else 'absent':11} {product.what}")
        print(f"{'':20} looked for as {product.layout}")


def data_check(options, product: str | None = None) -> int:
    damaged = 0
    for name, report in products.check_stations(only=product):
        damaged += isinstance(report, SoilbookError)
        print(f"{name}: {report}", flush=True)
    if damaged:
        print(f"soilbook: {damaged} stations cannot be read", file=sys.stderr)
    return 2 if damaged else 0


def data_get(options) -> int:
    if options.product and options.product not in products.PRODUCTS:
        raise unknown("product", options.product, products.PRODUCTS)
    folder = data.folder()
    for product in products.PRODUCTS.values():
        if options.product in (None, product.name):
            how = f"soilbook data get {product.name}" if product.fetched else "by hand"
            print(f"{product.name}: {product.what}")
            print(f"    {how}, from {product.address}")
            print(f"    licence: {product.licence}")
            print(f"    cite: {product.cite}")
            print(f"    layout under {folder}: {product.layout}", flush=True)
    if not options.product:
        return 0
    if not products.PRODUCTS[options.product].fetched:
        if options.sites or options.start or options.end or options.refresh:
            raise ParameterError(f"{options.product} is asked for by hand; no options")
        return 0
    names = [name.strip() for name in (options.sites or "").split(",") if name.strip()]
    plan = download.plan(options.product, folder, names, options.start, options.end)
    print(f"plan: {download.outlook(plan, folder, options.refresh)}", flush=True)
    if options.dry_run:
        return 0
    print(download.fetch(plan, folder, options.refresh), flush=True)
    return data_check(options, options.product)


def site_new(options) -> None:
    file = Path(f"{options.name.removesuffix(own.ENDING)}{own.ENDING}")
    if file.exists():
        raise ParameterError(f"{file} is there already; choose another name")
    own.check_name(file)
    write(file, own.template(file.stem).encode())
    print(f"{file}: fill it in, then: soilbook site check {file}")


def site_check(options) -> int:
    found = own.table(Path(options.file))
    for line in (*found.faults, *found.gaps):
        print(line)
    if found.faults:
        print(f"soilbook: {options.file}: {len(found.faults)} faults", file=sys.stderr)
        return 2
    own.read(options.file)
    inputs = ", ".join(one.name for one in found.columns)
    print(f"{options.file}: {found.days.size} days, {found.days[0]} to {found.days[-1]}; {inputs}")
    print(f"-p sites={options.file} --data observed runs a chapter with it")
    return 0
