"""The command line of soilbook."""

import argparse
import io
import os
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from soilbook import __version__
from soilbook.errors import ParameterError, SoilbookError

TRACK = ("data", "profile", "device")


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
        with _scheduler(options), _models(options):
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

    def group(name: str, text: str):
        made = commands.add_parser(name, help=text)
        return made.add_subparsers(required=True, metavar="ACTION", parser_class=Parser)

    def add_track() -> None:
        add("--data", help="twin (default) or observed")
        add("--profile", help="smoke, quick (default), standard, paper")
        add("--device", help="auto, cpu, cuda or cuda:N")

    def add_scheduler() -> None:
        add("--scheduler", metavar="ADDRESS", help="train on the workers of this Dask scheduler")
        add("--shared", action="store_true", help="which see the same folders: whole runs go there")

    def add_model_file(then: str) -> None:
        text = f"Python file, executed, whose networks {then}"
        add("--model-file", metavar="FILE", help=text)

    def add_chapter(values: str, out: str) -> None:
        add("chapter", help="name or unique beginning, such as wang2024/s4_2")
        many = {"action": "append", "default": [], "metavar": "NAME=VALUE"}
        add("-p", dest="parameters", help=values, **many)
        add_track()
        add("--out", metavar="DIR", help=f"put {out}")
        add_model_file("become names for -p models=")
        add("--dry-run", action="store_true", help="only say what would train, and what that takes")
        add_consent()
        add_scheduler()

    def add_consent() -> None:
        add("--yes", action="store_true", help="do not ask before the profile paper runs on a CPU")

    command("chapters", _chapters, "list the chapters and their parameters")

    add = command("run", _run, "run one chapter")
    values = "a parameter; commas between values of a list, several seeds also as 0..4"
    add_chapter(values, "results there instead of results/")

    add = command("sweep", _sweep, "run one chapter with every combination of parameter values")
    values = "values separated by commas, whole numbers as 0..4, lists in brackets"
    add_chapter(values, "them there instead of results/sweeps/CHAPTER")
    add("--jobs", type=int, help="runs at the same time (default: two on a CPU)")

    actions = group("store", "what was computed and is kept: list, clean")
    command("list", _store_list, "what is kept, how old and how large", actions)
    add = command("clean", _store_clean, "remove what is kept", actions)
    add("--older", type=float, metavar="DAYS", help="only what was made longer ago than that")
    add("--all", action="store_true", help="everything")

    add = command("build", _build, "run chapters that changed and render the book")
    add_track()
    add("--jobs", type=int, help="chapters at the same time (default: two on a CPU)")
    add("--no-run", action="store_true", help="render what is already executed")
    add("--without-solutions", action="store_true", help="leave the solutions of exercises out")
    add_model_file("join the others in the chapters that compare networks")
    add_consent()
    add_scheduler()

    actions = group("data", "what is observed: list, check, get")
    data_list, data_check, data_get = map(_later, ("data_list", "data_check", "data_get"))
    command("list", data_list, "each product, where it is looked for, whether present", actions)
    command("check", data_check, "read every station and report gaps and damage", actions)
    add = command("get", data_get, "fetch a product, or say where it is and its layout", actions)
    add("product", nargs="?", help="name of a product; without one, all are listed")
    add("--sites", metavar="A,B", help="sites of the paper, stations, or files of own sites")
    add("--from", dest="start", metavar="YYYY-MM-DD", help="first day; default: of the records")
    add("--to", dest="end", metavar="YYYY-MM-DD", help="last day")
    add("--dry-run", action="store_true", help="say what would be fetched, and stop")
    add("--refresh", action="store_true", help="fetch again what is there, and tell what changed")

    actions = group("site", "a site of your own: new, check")
    add = command("new", _later("site_new"), "write a commented CSV to be filled in", actions)
    add("name", metavar="NAME")
    text = "name row and column of every fault of such a file"
    add = command("check", _later("site_check"), text, actions)
    add("file", metavar="FILE")

    add = command("compare", _compare, "runs or a sweep: what changed, mean and spread over seeds")
    add("runs", nargs="+", metavar="RUN", help="folder of results or of a sweep, as they print it")
    add("--csv", metavar="FILE", help="leave all scores there as well")
    add("--html", metavar="FILE", help="leave the table that is printed there as a page")

    actions = group("course", "exercises and labs: list, build, grade")
    command("list", _course_list, "labs, and the exercises of every chapter", actions)
    add = command("build", _course_build, "write what is handed out", actions)
    add("--out", metavar="DIR", required=True, help="a new folder")
    for form, text in (
        ("student", "without solutions (default)"),
        ("instructor", "with solutions and tests"),
        ("nbgrader", "labs as nbgrader's source folder"),
    ):
        add(f"--{form}", dest="form", action="store_const", const=form, help=text)
    add = command("grade", _course_grade, "execute handed-in labs and count points", actions)
    add("notebooks", nargs="+", metavar="NOTEBOOK", help="named as the lab, or beginning with it")
    return top


def _later(name: str):
    """A function of ``book.data_commands``, imported when it is called."""

    def call(options):
        from soilbook.book import data_commands

        return getattr(data_commands, name)(options)

    return call


def _chapters(options) -> None:
    from soilbook.book import chapters

    for chapter in chapters.all_chapters().values():
        print(f"{chapter.name}: {chapter.title}")
        for parameter in chapter.parameters.values():
            default = parameter.default
            text = ",".join(map(str, default)) if isinstance(default, list) else default
            print(f"    {parameter.name}={text}  ({parameter.kind})  {parameter.help}")


def _run(options) -> int:
    from soilbook.book import chapters, dry_run, runner, sweep

    given = split_options(options.parameters)
    seeds = sweep.seeds(given.get("seed"))
    if len(seeds) > 1:  # a sweep over them, all other parameters as given
        if not options.dry_run:
            print(
                f"{len(seeds)} seeds: a run each, as soilbook sweep does; results/ stays as it is"
            )
        fixed = {name: value for name, value in given.items() if name != "seed"}
        return _sweep(options, {"seed": ",".join(seeds)}, fixed)
    where = {name: getattr(options, name) for name in TRACK}
    costly = dry_run.COSTLY in (options.profile, given.get("profile"))
    if options.dry_run or (costly and not options.yes):
        chapter = chapters.find(options.chapter)
        runs = [(chapter, runner.prepare(chapter, given, **where))]
        if options.dry_run:
            print("\n".join(dry_run.estimate(runs).lines()))
            return 0
        dry_run.consent(runs)
    try:
        run = runner.run(options.chapter, given, out=options.out, **where)
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


@contextmanager
def _models(options):
    """Let the command know the networks of its model file, and say that it is executed."""
    file = getattr(options, "model_file", None)
    if not file:
        yield
        return
    from soilbook.book import runner

    print(f"soilbook: executing {file}, a program of yours", file=sys.stderr)
    with runner.own_models(file) as added:
        for name, one in added.items():
            how = "many at once" if one.way == "vmap" else f"one at a time, as vmap says: {one.why}"
            print(f"soilbook: {name}: {one.parameters} parameters, trains {how}", file=sys.stderr)
        yield


def _sweep(options, axes: dict[str, str] | None = None, fixed: dict | None = None) -> int:
    from soilbook.book import sweep

    axes = split_options(options.parameters) if axes is None else axes
    return sweep.sweep(
        options.chapter, axes, options.out, getattr(options, "jobs", None),
        partial(print, flush=True), fixed, options.yes, options.dry_run,
        **{name: getattr(options, name) for name in TRACK},
    )  # fmt: skip


@contextmanager
def _scheduler(options):
    """Let the command use the scheduler of its options, which must answer."""
    where, shared = (getattr(options, name, None) for name in ("scheduler", "shared"))
    if shared and not where:
        raise ParameterError("--shared is about the workers of a scheduler; add --scheduler")
    if not where:
        yield
        return
    from soilbook import cluster
    from soilbook.book import runner

    told = {cluster.SCHEDULER: where} | ({cluster.SHARED: "1"} if shared else {})
    with runner.environment(told):
        cluster.size.cache_clear()
        cluster.size()
        yield


def _store_list(options) -> None:
    from datetime import UTC, datetime

    from soilbook.costs import spoken
    from soilbook.store import Store, compiled_steps, size_of

    store = Store()
    kinds: dict[str, list] = {}
    for entry in store.entries():
        kinds.setdefault(entry.kind, []).append(entry)
    now = datetime.now(UTC)
    for kind, entries in sorted(kinds.items()):
        ages = [spoken((now - entry.created).total_seconds()) for entry in entries]
        age = " to ".join(dict.fromkeys((ages[-1], ages[0])))
        print(f"{kind:40} {len(entries):6} {_megabytes(entries):>10}  {age} old")
    every = [entry for entries in kinds.values() for entry in entries]
    print(f"{len(every)} results, {_megabytes(every)}, in {store.folder}")
    compiled = compiled_steps()
    print(f"compiled steps of trainings, {size_of(compiled) / 1e6:.1f} MB, in {compiled}")


def _megabytes(entries) -> str:
    return f"{sum(entry.size for entry in entries) / 1e6:.1f} MB"


def _store_clean(options) -> None:
    from datetime import UTC, datetime, timedelta

    from soilbook.store import Store, compiled_steps, remove_tagged

    if options.all == (options.older is not None):
        raise ParameterError("say what to remove: --older DAYS, or --all")
    before = None if options.all else datetime.now(UTC) - timedelta(days=options.older)
    store = Store()
    count, freed = store.remove(before)
    print(f"removed {count} results, {freed / 1e6:.1f} MB, from {store.folder}")
    if options.all:
        compiled = compiled_steps()
        print(f"removed compiled steps, {remove_tagged(compiled) / 1e6:.1f} MB, from {compiled}")


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
    from soilbook.book import build, course

    if options.model_file and options.no_run:
        raise ParameterError("--model-file is for chapters that run; leave --no-run out")
    if options.without_solutions:
        os.environ[course.VARIABLE] = "none"
    try:
        where = (options.data, options.profile, options.device, options.jobs)
        return build.build(*where, not options.no_run, partial(print, flush=True), options.yes)
    except build.BuildFailed as failure:
        print(f"soilbook: {failure.message}", file=sys.stderr)
        return failure.code


def _compare(options) -> None:
    from soilbook.book import chapters, compare
    from soilbook.store import write

    try:
        base = chapters.root()
    except ParameterError:  # two folders by path need no book
        base = None
    runs = compare.expand(options.runs, base)
    if len(runs) == len(options.runs) == 2:
        changed, scores = compare.compare(*(folder for _, folder in runs))
        shown, text = scores, compare.as_text(changed, scores)
    else:
        _, scores = compare.long(runs)
        shown = compare.spread(scores)
        text = compare.spread_as_text(shown)
    print(text)
    if options.csv:
        write(Path(options.csv), scores.to_csv(index=False, float_format="%.7g").encode())
    if options.html:
        title = f"soilbook compare {' '.join(options.runs)}"
        write(Path(options.html), compare.as_html(shown, title).encode())


def _course_list(options) -> None:
    from soilbook.book import chapters, course

    for name in course.labs():
        print(f"lab {name}")
    for name, chapter in chapters.all_chapters().items():
        there = course.solutions(name)
        for one in course.exercises(chapter.notebook).values():
            solved = "" if one.label in there else " (no solution)"
            print(f"{name}: {one.label}, {one.minutes} min: {one.learnt}{solved}")


def _course_build(options) -> None:
    from soilbook.book import course

    for file in course.build(Path(options.out), options.form or "student"):
        print(file)


def _course_grade(options) -> int:
    from soilbook.book import course

    print("soilbook: executing what was handed in", file=sys.stderr)
    code = 0
    for file in map(Path, options.notebooks):
        try:
            grades = course.grade(file)
        except SoilbookError as error:  # the other students are graded all the same
            print(f"soilbook: {error}", file=sys.stderr)
            code = 2
            continue
        total, of = (sum(getattr(one, name) for one in grades) for name in ("points", "of"))
        print(f"{file.name}: {total} of {of} points")
        for one in grades:
            print(f"    {one.question}: {one.points} of {one.of}  {one.error}".rstrip())
    return code


if __name__ == "__main__":
    sys.exit(main())
