"""What a training takes is measured once and foretold from then on; a dry run trains nothing."""

import pytest
from filelock import FileLock, Timeout

from soilbook import costs
from soilbook.costs import Estimate, Rate, Work, dry_run, every, foreseen, spoken, training
from soilbook.store import Store


def work(kind="LSTM", total=10, missing=10, steps=1000, **more) -> Work:
    return Work(kind, total, missing, steps, **more)


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    """The time, which stands still unless a test moves it."""
    now = [100.0]
    monkeypatch.setattr(costs.time, "perf_counter", lambda: now[0])
    return now


def trained(store, clock, one=None, reports=((30.0, 1000),), key=None) -> list[int]:
    """A training that reports (seconds later, steps); returns what was told."""
    told = []
    with training(one or work(), key or {"of": "this"}, store) as timed:
        tell = timed(told.append)
        for seconds, steps in reports:
            clock[0] += seconds
            tell(steps)
    return told


def test_time_grows_with_the_steps_but_not_what_compiling_takes():
    rate = Rate(steps=1000, seconds=30.0, fixed=10.0, workers=2, memory=0)
    assert rate.seconds_of(work(steps=1000, workers=2)) == 30
    assert rate.seconds_of(work(steps=3000, workers=2)) == 10 + 60
    assert rate.seconds_of(work(steps=3000, workers=4)) == 10 + 30
    assert rate.seconds_of(work(missing=1, steps=1000, workers=4)) == 10 + 40  # one network, one


def test_a_rate_is_kept_for_each_kind_way_and_store(tmp_path, clock):
    store = Store(tmp_path)
    assert trained(store, clock, reports=[(25.0, 250), (5.0, 250), (10.0, 500)]) == [250, 250, 500]
    rate = costs.measured(work(), store)
    # 750 steps in 15 s: the first 250 took 5 s, after 20 s of something else
    assert (rate.steps, rate.seconds, rate.fixed, rate.workers) == (1000, 40.0, 20.0, 1)
    assert rate.memory > 1e6
    assert costs.measured(work(kind="1D-CNN"), store) is None
    assert costs.measured(work(how="cpu, compiled"), store) is None
    assert costs.measured(work(), Store(tmp_path / "other")) is None
    trained(store, clock, work(steps=400))  # too little to tell better
    assert costs.measured(work(), store) == rate
    trained(store, clock, work(steps=500))
    assert costs.measured(work(), store).seconds == 30


@pytest.mark.parametrize(
    "reports", [[], [(30.0, 1000)], [(2.0, 900), (28.0, 100)], [(0.0, 10), (30.0, 990)]]
)
def test_without_a_pause_before_the_first_report_nothing_is_fixed(tmp_path, clock, reports):
    trained(Store(tmp_path), clock, reports=reports)
    assert costs.measured(work(), Store(tmp_path)).fixed == 0


def test_what_is_in_the_store_and_what_has_none_leave_no_rate(tmp_path, clock):
    store = Store(tmp_path)
    trained(store, clock, work(missing=0, steps=0))
    trained(None, clock)
    with pytest.raises(ZeroDivisionError), training(work(), {}, store):
        raise ZeroDivisionError
    assert not list(tmp_path.rglob("*.json"))


def test_a_damaged_rate_is_none(tmp_path, clock):
    trained(Store(tmp_path), clock)
    (file,) = tmp_path.rglob("*.json")
    for text in ("", "[1, 2]", '{"steps": 3}'):
        file.write_text(text)
        assert costs.measured(work(), Store(tmp_path)) is None


def test_a_dry_run_counts_once_and_stops_where_something_is_missing(tmp_path, clock):
    done = []
    with dry_run() as found:
        for key in ("a", "b", "a"):
            with pytest.raises(costs.NotMade), training(work(key), {"of": key}, Store(tmp_path)):
                done.append(key)
        with training(work("c", missing=0), {"of": "c"}, Store(tmp_path)):
            done.append("c")
    assert done == ["c"] and [one.kind for one in found.values()] == ["a", "b", "c"]
    assert not list(tmp_path.iterdir())
    trained(Store(tmp_path), clock)  # afterwards all is as before


def test_a_dry_run_does_not_wait_for_what_another_process_trains(tmp_path):
    store, key = Store(tmp_path), {"of": "a"}
    with store.alone(key):  # as the other process holds it; a lock of its own makes this one wait
        with dry_run(), Store(tmp_path).alone(key):
            pass
        with pytest.raises(Timeout):
            FileLock(*tmp_path.glob("*/*.lock"), timeout=0).acquire()
    assert not [*tmp_path.glob("*/*.nc")]


def test_all_are_counted_before_the_first_stops():
    asked = []

    def train(name: str) -> str:
        asked.append(name)
        with training(work(name, missing=int(name != "b")), {"of": name}, None):
            return name.upper()

    assert every(train, "abc") == {"a": "A", "b": "B", "c": "C"}
    foreseen(train, "xyz")
    assert asked == ["a", "b", "c"]
    with dry_run() as found:
        with pytest.raises(costs.NotMade):
            every(train, "abc")
        with pytest.raises(costs.NotMade):
            foreseen(train, "xy")
    assert [one.kind for one in found.values()] == ["a", "b", "c", "x", "y"]


def test_the_memory_of_several_trainings_is_that_of_the_largest(tmp_path, clock, monkeypatch):
    store = Store(tmp_path)
    for kind, memory in (("LSTM", 300), ("RF", 700), ("SVR", 500)):
        monkeypatch.setattr(costs, "_memory", lambda memory=memory: memory)
        trained(store, clock, work(kind, steps=100), [(50.0, 100)])
    works = [work(kind, steps=100, size=1) for kind in ("LSTM", "RF", "SVR")]
    assert Estimate.of(works, store).memory == 700 + costs.COPIES * 3


def test_an_estimate_adds_up_and_names_what_it_does_not_know(tmp_path, clock):
    store, large = Store(tmp_path), 2**40
    trained(store, clock, work(steps=100), [(50.0, 100)])
    trained(store, clock, work("RF", steps=100), [(10.0, 100)])
    works = [
        work(steps=200, size=large),
        work("RF", steps=100),
        work("SVR"),
        work("ELM", missing=0),
    ]
    found = Estimate.of(works, store)
    assert found.seconds == 110 and found.unknown == ("SVR",)
    assert found.memory > costs.COPIES * large
    said = found.summary()
    assert said.startswith("30 of 40 models to train, 10 in the store; about 1 min 50 s here (")
    assert said.endswith("; without a rate yet on this machine: SVR")
    assert [line.split()[0] for line in found.lines()[:-1]] == ["LSTM", "RF", "SVR", "ELM"]
    nothing = Estimate.of([work("SVR")], store).summary()
    assert "about" not in nothing and "GiB" not in nothing and nothing.endswith(": SVR")
    assert Estimate.of([work(missing=0)], store).summary().endswith("nothing to train")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "0 s"), (59.4, "59 s"), (60, "1 min"), (200, "3 min 20 s"), (3599.6, "1 h"),
     (18_600, "5 h 10 min"), (273_600, "3 d 4 h")],
)  # fmt: skip
def test_times_are_spoken_in_two_units(seconds, said):
    assert spoken(seconds) == said
