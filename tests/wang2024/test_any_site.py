"""Study 1 at sites that the paper does not have: stations, and files of one's own."""

from datetime import date, timedelta

import numpy as np
import pytest

from soilbook import schema
from soilbook.book import tables
from soilbook.errors import DataError, ParameterError
from soilbook.wang2024 import experiment, forecasts, runs
from soilbook.wang2024.experiment import Experiment

UNITS = {"date": "yyyy-mm-dd", "precipitation": "mm", "air_temperature": "degC"}


def table(path, depths=(0.05, 0.3), inputs=("precipitation", "air_temperature"), n=400):
    """A site of one's own with a season and some rain."""
    random = np.random.default_rng(len(path.stem))
    names = ["date", *inputs, *(f"{kind}_{d}" for d in depths for kind in ("sm", "st"))]
    units = [UNITS.get(name, "degC" if name.startswith("st") else "m3 m-3") for name in names]
    rows = ["# latitude: 52.2", "# longitude: 14.1", ",".join(names), ",".join(units)]
    for k in range(n):
        values = [round(float(one), 3) for one in random.gamma(0.5, 4, len(inputs))]
        for _ in depths:
            values += [round(0.25 + 0.1 * np.sin(k / 58) + 0.01 * random.random(), 4), 10]
        rows.append(",".join(map(str, [date(2019, 1, 1) + timedelta(k), *values])))
    path.write_text("\n".join(rows) + "\n")
    return str(path)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A data folder without anything."""
    monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return tmp_path


def test_a_site_of_one_s_own_gives_its_depths_and_the_inputs_that_it_has(folder):
    site = table(folder / "mine.csv")
    made = Experiment(data="observed", sites=(site,), profile="smoke").resolve()
    assert made.depths == (0.05, 0.3)
    records = experiment.load(made)
    assert records.sites == ("mine",) and list(records.series) == [("mine", 0.05), ("mine", 0.3)]
    assert schema.symbols(records.features) == ["P", "AT", "ST", "SM"]
    assert records.places["mine"]["latitude"] == 52.2
    assert np.isnan(records.places["mine"]["sand"])
    assert records.left_out == []


def test_inputs_are_those_that_all_sites_have_and_the_rest_is_named(folder):
    one = table(folder / "one.csv")
    two = table(folder / "two.csv", depths=(0.05,), inputs=("air_temperature",))
    records = experiment.load(Experiment(data="observed", sites=(one, two)).resolve())
    assert schema.symbols(records.features) == ["AT", "ST", "SM"]
    assert {series.n_features for series in records.series.values()} == {3}
    assert records.left_out == [
        "precipitation at all sites: two without it",
        "site 'two' has no probe at 0.3 m; allowed: 0.05",
    ]


def test_a_record_of_few_windows_is_named_and_left_out(folder):
    long, short = table(folder / "long.csv"), table(folder / "short.csv", n=60)
    asked = Experiment(data="observed", sites=(long, short), depths=(0.05,)).resolve()
    records = experiment.load(asked)
    assert list(records.series) == [("long", 0.05)] and "'short'" in records.left_out[0]
    with pytest.raises(DataError, match="nothing left to forecast: site 'short'"):
        experiment.load(asked.but(sites=(short,)))


def test_split_and_window_flow_into_windows_keys_and_what_is_left_out(folder):
    long, short = table(folder / "long.csv"), table(folder / "short.csv", n=150)
    asked = Experiment(data="observed", sites=(long, short), depths=(0.05,)).resolve()
    assert list(experiment.load(asked).series) == [("long", 0.05), ("short", 0.05)]
    other = asked.but(split=0.5, window=9)
    records = experiment.load(other)
    one = records.series["long", 0.05]
    assert (one.validation_row, one.test_row, one.n_steps) == (200, 300, 9)
    wide = experiment.load(asked.but(split=0.9, window=10))
    assert list(wide.series) == [("long", 0.05)]
    assert "'short', depth 0.05 m: 0 windows" in wide.left_out[0]
    keys = [
        forecasts._key(one, model, experiment.load(one))
        for model in ("ELM", "LSTM")
        for one in (asked, asked.but(split=0.5), asked.but(window=9), other)
    ]
    assert len({repr(key) for key in keys}) == 8
    network = forecasts.maker(other, "FTA-LSTM", records)()
    assert network.output[0].in_features == 9


def test_a_reference_day_is_the_last_one_of_the_window(folder, store):
    """What persistence repeats is the moisture of the day before the first that is forecast."""
    site = table(folder / "mine.csv", depths=(0.07,))
    asked = Experiment(data="observed", sites=(site,), models=("ELM",), split=0.5, window=12)
    result = runs.run(asked, store).squeeze()
    record = experiment.load_site(asked.sites[0], "observed")["sm"].squeeze().to_series()
    issued = result["observed"].sel(step=1).to_series().dropna().index
    assert len(issued) == 400 - 300 - 19
    days = result["issue_time"].values[issued]
    persistence = result["forecast"].sel(model="persistence", step=7).values[issued]
    assert persistence == pytest.approx(record[days].values, abs=1e-6)
    assert days[0] == record.index[300 + 11]
    training = record.iloc[:200]
    climatology = result["forecast"].sel(model="climatology").values
    assert np.nanmax(climatology) <= training.max() + 1e-6


def test_it_is_forecast_and_scored_like_the_others(folder, store):
    site = table(folder / "mine.csv", depths=(0.07,))
    result = runs.run(Experiment(data="observed", sites=(site,), models=("ELM",)), store)
    assert result["site"].values.tolist() == ["mine"]
    assert result["depth"].values.tolist() == [0.07]
    assert float(result["r2"].sel(model="persistence", lead=1, reading="pooled").item()) > 0.9
    shown = tables.laid_out(runs.table_of_r2("3", result)[1])
    assert "printed" not in shown and "<small>" not in shown
    assert "95 % interval" in shown


def test_what_it_is_made_of_decides_what_is_kept(folder):
    site = table(folder / "mine.csv")
    asked = Experiment(data="observed", sites=(site,)).resolve()
    keys = [forecasts._key(asked, "ELM", experiment.load(asked))]
    text = (folder / "mine.csv").read_text()
    (folder / "mine.csv").write_text(text)
    keys.append(forecasts._key(asked, "ELM", experiment.load(asked)))
    assert keys[0] == keys[1]
    (folder / "mine.csv").write_text(text + "2020-02-29,0,5,0.2,5,0.2,5\n")
    assert forecasts._key(asked, "ELM", experiment.load(asked))["data"] != keys[0]["data"]


def test_two_files_of_one_name_are_refused(folder):
    (folder / "a").mkdir()
    sites = table(folder / "mine.csv"), table(folder / "a/mine.csv")
    with pytest.raises(DataError, match="two sites have one name"):
        experiment.load(Experiment(data="observed", sites=sites).resolve())


def test_coverage_and_sources_stand_before_any_training(folder):
    site = table(folder / "mine.csv")
    ((number, frame, caption),) = Experiment(data="observed", sites=(site,)).shown_first()
    assert number == "data" and frame["days_complete"].tolist() == [400, 400]
    assert "mine: P, AT, ST, SM: mine.csv." in caption
    assert list(Experiment().shown_first()) == []


def test_what_cannot_be_is_refused_when_it_is_asked(folder):
    site = table(folder / "mine.csv")
    with pytest.raises(ParameterError, match="a site of one's own, which is observed"):
        Experiment(sites=(site,))
    with pytest.raises(ParameterError, match=r"split is 0\.95; allowed: 0\.9 or less"):
        Experiment(split=0.95)
    with pytest.raises(ParameterError, match="window is 2; allowed: 3 or more"):
        Experiment(window=2)
    with pytest.raises(ParameterError, match="unknown site 'Atlantis'"):
        Experiment(data="observed", sites=("Atlantis",))
    with pytest.raises(ParameterError, match=r"unknown depth \(m\) 0.3"):
        Experiment(depths=(0.3,))
    with pytest.raises(ParameterError, match=r"unknown depth \(m\) 11"):
        Experiment(data="observed", depths=(11.0,))
    with pytest.raises(DataError, match="no site of the paper; see: soilbook data get"):
        Experiment(data="observed").resolve()


def test_a_site_without_a_place_in_the_paper_stands_in_only_where_it_must():
    names = ("mine", "Weslaco", "Kenai-29-ENE")
    assert experiment.nearest("UpperBethlehem", names) == "Weslaco"
    assert experiment.nearest("mine", names) == "mine"
    assert experiment.nearest("AAMU-jtg", ("mine", "yours")) == "mine"
    assert "the first of its sites" in experiment.stand_in("AAMU-jtg", "mine")


@pytest.mark.observed
def test_a_station_that_is_not_the_paper_s_runs_by_its_name(monkeypatch, observed_folder, store):
    monkeypatch.setenv("SOILBOOK_DATA", str(observed_folder))
    asked = Experiment(data="observed", sites=("Selma_13_WNW",), models=("ELM",), depths=(0.05,))
    assert asked.sites == ("AL_Selma_13_WNW",)
    result = runs.run(asked, store)
    r2 = result["r2"].sel(model="persistence", depth=0.05, lead=1, reading="pooled").item()
    assert 0.5 < r2 < 1 and result["site"].values.tolist() == ["AL_Selma_13_WNW"]
