"""The command line: chapters, run, build, data, compare."""

import argparse
import io
import sys
from functools import partial
from pathlib import Path

from soilbook import __version__
from soilbook.errors import ParameterError, SoilbookError, unknown


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line and exit code 2."""

    def error(self, message):
        print(f"{self.prog}: {message}; see {self.prog} --help", file=sys.stderr)
        raise SystemExit(2)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 2 for input to mend, 1 for other failures."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names of files hold what it cannot write
            stream.reconfigure(errors="backslashreplace")
    options = parser().parse_args(arguments)
    try:
        return options.command(options) or 0
    except SoilbookError as error:
        print(f"soilbook: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("soilbook: interrupted; finished parts are kept", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe, such as head, has seen enough
        sys.stderr.close()
        return 0


def parser() -> Parser:
    """All commands and their options."""
    top = Parser(prog="soilbook", description="A book that runs: two studies of soil moisture.")
    top.add_argument("--version", action="version", version=f"soilbook {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)

    def command(name: str, function, text: str, below=commands):
        made = below.add_parser(name, help=text)
        made.set_defaults(command=function)
        return made.add_argument

    command("chapters", _chapters, "list the chapters and their parameters")

    add = command("run", _run, "run one chapter")
    add("chapter", help="name or unique beginning, such as wang2024/s4_2")
    add(
        "-p", dest="parameters", action="append", default=[], metavar="NAME=VALUE",
        help="a parameter of the chapter; lists are separated by commas",
    )  # fmt: skip
    add("--data", help="twin or observed")
    add("--profile", help="smoke, quick, standard or paper")
    add("--device", help="auto, cpu, cuda or cuda:N")
    add("--out", metavar="DIR", help="put results there instead of results/")

    add = command("build", _build, "run chapters that changed and render the book")
    add("--data", help="twin (default) or observed")
    add("--profile", help="smoke, quick (default), standard, paper")
    add("--device", help="auto, cpu, cuda or cuda:N")
    add("--jobs", type=int, help="chapters at the same time (default: two on a CPU)")
    add("--no-run", action="store_true", help="render what is already executed")

    data = commands.add_parser("data", help="what is observed: list, check, get")
    actions = data.add_subparsers(required=True, metavar="ACTION", parser_class=Parser)
    command("list", _data_list, "each product, where it is looked for, whether present", actions)
    command("check", _data_check, "read every station and report gaps and damage", actions)
    add = command("get", _data_get, "where to download a product and how to lay it out", actions)
    add("product", nargs="?", help="name of a product; without one, all")

    add = command("compare", _compare, "two runs: what changed, score by score")
    add("old", metavar="RUN", help="folder of results, as soilbook run prints it")
    add("new", metavar="RUN")
    add("--csv", metavar="FILE", help="leave all scores there as well")
    return top


def _chapters(options) -> None:
    from soilbook.book import chapters

    for chapter in chapters.all_chapters().values():
        print(f"{chapter.name}: {chapter.title}")
        for parameter in chapter.parameters.values():
            default = parameter.default
            text = ",".join(map(str, default)) if isinstance(default, list) else default
            print(f"    {parameter.name}={text}  ({parameter.kind})  {parameter.help}")


def _run(options) -> int:
    from soilbook.book import runner

    given = split_options(options.parameters)
    where = {name: getattr(options, name) for name in ("data", "profile", "device", "out")}
    try:
        run = runner.run(options.chapter, given, **where)
    except runner.ChapterFailed as failure:
        print(f"soilbook: {failure}", file=sys.stderr)
        return 1
    for warning in run.warnings:
        print(f"soilbook: warning: {warning}", file=sys.stderr)
    print(f"{run.chapter}: {run.seconds:.0f} s, results in {run.folder}")
    previous = run.folder.with_name(f"{run.folder.name}.previous")
    if previous.is_dir():
        print(f"what changed: soilbook compare {previous} {run.folder}")
    return 0


def split_options(options: list[str]) -> dict[str, str]:
    """``["sites=A,B"]`` as a dict; ParameterError for one without ``=`` or given twice."""
    given = {}
    for option in options:
        name, equals, value = option.partition("=")
        name = name.strip()
        if not equals:
            raise ParameterError(f"-p {option!r}: write it as name=value")
        if name in given:
            raise ParameterError(f"-p {name!r} is given twice")
        given[name] = value.strip()
    return given


def _build(options) -> int:
    from soilbook.book import build

    try:
        where = (options.data, options.profile, options.device, options.jobs)
        return build.build(*where, not options.no_run, partial(print, flush=True))
    except build.BuildFailed as failure:
        print(f"soilbook: {failure.message}", file=sys.stderr)
        return failure.code


def _data_list(options) -> None:
    from soilbook import data
    from soilbook.book import products

    folder = data.folder()
    print(f"data folder: {folder}{'' if folder.is_dir() else ' (absent)'}; SOILBOOK_DATA sets it")
    for product in products.PRODUCTS.values():
        count = sum(product.opens(file, folder) for file in products.files(product, folder))
        print(f"{product.name:8} {f'{count} files' if count else 'absent':11} {product.what}")
        print(f"{'':20} looked for as {product.layout}")


def _data_check(options) -> int:
    from soilbook.book import products

    damaged = 0
    for name, report in products.check_stations():
        damaged += isinstance(report, SoilbookError)
        print(f"{name}: {report}", flush=True)
    if damaged:
        print(f"soilbook: {damaged} stations cannot be read", file=sys.stderr)
    return 2 if damaged else 0


def _data_get(options) -> None:
    from soilbook import data
    from soilbook.book import products

    if options.product and options.product not in products.PRODUCTS:
        raise unknown("product", options.product, products.PRODUCTS)
    for product in products.PRODUCTS.values():
        if options.product in (None, product.name):
            print(f"{product.name}: {product.what}")
            print(f"    download it yourself, under its owner's terms: {product.address}")
            print(f"    layout under {data.folder()}: {product.layout}")


def _compare(options) -> None:
    from soilbook.book import chapters, compare
    from soilbook.store import write

    try:
        base = chapters.root()
    except ParameterError:  # two folders by path need no book
        base = None
    old, new = (compare.resolve(run, base) for run in (options.old, options.new))
    changed, scores = compare.compare(old, new)
    print(compare.as_text(changed, scores))
    if options.csv:
        write(Path(options.csv), scores.to_csv(index=False, float_format="%.7g").encode())


if __name__ == "__main__":
    sys.exit(main())
