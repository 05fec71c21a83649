"""What study 2's LSTM sees: inputs, scaling by the training part, instances, and its loss."""

import numpy as np
import pytest
import torch
import xarray as xr
from samples import made_up

from soilbook.errors import DataError, ParameterError
from soilbook.training.sequences import (
    MODELLED,
    STATISTICS,
    Inputs,
    Sequences,
    batches,
    features,
    fit_scaling,
    masked_loss,
    target,
    with_departures,
    with_statistics,
)

INPUTS = Inputs(
    forcing=("precipitation", "air_temperature"), attributes=("sand", "flag_land_cover")
)


@pytest.fixture
def places():
    random = np.random.default_rng(0)
    days = np.arange("2015-04-01", "2015-04-21", dtype="datetime64[D]").astype("datetime64[ns]")
    made = xr.Dataset(
        {
            "precipitation": (("pixel", "time"), random.gamma(0.5, 10, (3, 20))),
            "air_temperature": (("pixel", "time"), random.normal(10, 5, (3, 20))),
            "sand": ("pixel", [20.0, 60.0, np.nan]),
            "flag_land_cover": ("pixel", [7.0, 10.0, 7.0]),
            "sm_smap": (("pixel", "time"), random.uniform(0.1, 0.4, (3, 20))),
        },
        coords={"pixel": [5, 6, 7], "time": days},
        attrs={"source": "made up"},
    )
    made["sm_smap"][1, 3] = np.nan
    return made


def column(x, scaling, name):
    return x[:, :, scaling["feature"].values.tolist().index(name)]


def test_features_of_training_have_mean_0_and_deviation_1(places):
    scaling = fit_scaling(places, INPUTS)
    x = features(places, scaling)
    assert x.dtype == np.float32
    assert x.shape == (3, 20, 5)
    for name in ("precipitation", "air_temperature"):
        values = column(x, scaling, name)
        assert values.mean() == pytest.approx(0, abs=1e-6)
        assert values.std() == pytest.approx(1, abs=1e-6)


def test_rain_is_seen_by_its_root_or_as_it_is(places):
    root = column(features(places, s := fit_scaling(places, INPUTS)), s, "precipitation")
    rain = places["precipitation"].values
    assert np.corrcoef(root.ravel(), np.sqrt(rain).ravel())[0, 1] == pytest.approx(1)
    plain = INPUTS.but(rain="none")
    same = column(features(places, s := fit_scaling(places, plain)), s, "precipitation")
    assert np.corrcoef(same.ravel(), rain.ravel())[0, 1] == pytest.approx(1)


def test_later_days_are_scaled_by_the_training_part(places):
    training = places.isel(time=slice(0, 10))
    scaling = fit_scaling(training, INPUTS)
    changed = places.copy(deep=True)
    changed["air_temperature"][:, 10:] += 100
    x, other = (features(each, scaling) for each in (places, changed))
    assert np.array_equal(x[:, :10], other[:, :10])
    shift = (other - x)[:, 10:, 1]
    np.testing.assert_allclose(shift, 100 / training["air_temperature"].values.std(), rtol=1e-5)


def test_classes_become_columns_and_unknown_ones_none(places):
    scaling = fit_scaling(places, INPUTS)
    x = features(places, scaling)
    assert column(x, scaling, "flag_land_cover=7")[:, 0].tolist() == [1, 0, 1]
    assert column(x, scaling, "flag_land_cover=10")[:, 4].tolist() == [0, 1, 0]
    elsewhere = places.assign(flag_land_cover=("pixel", [16.0, np.nan, 7.0]))
    x = features(elsewhere, scaling)
    assert column(x, scaling, "flag_land_cover=7")[:, 0].tolist() == [0, 0, 1]
    assert column(x, scaling, "flag_land_cover=10").max() == 0


def test_a_missing_attribute_is_the_mean_of_training(places):
    scaling = fit_scaling(places, INPUTS)
    sand = column(features(places, scaling), scaling, "sand")
    np.testing.assert_allclose(sand[:, 0], [-1, 1, 0])


def test_an_attribute_that_does_not_vary_is_0(places):
    flat = places.assign(sand=("pixel", [30.0, 30.0, 30.0]))
    scaling = fit_scaling(flat, INPUTS)
    assert not column(features(flat, scaling), scaling, "sand").any()


def test_target_comes_back_by_mean_and_deviation(places):
    scaling = fit_scaling(places, INPUTS)
    y = target(places, scaling)
    assert np.nanmean(y) == pytest.approx(0, abs=1e-6)
    assert np.isnan(y[1, 3])
    back = y * scaling["target_deviation"].item() + scaling["target_mean"].item()
    np.testing.assert_allclose(back, places["sm_smap"], rtol=1e-5)


def test_statistics_of_a_place_are_those_of_the_training_part(places):
    training = places.isel(time=slice(0, 10)).copy(deep=True)
    training["sm_smap"][2] = np.nan
    known = with_statistics(places, training)
    by_hand = np.nanmean(training["sm_smap"].values[:2], axis=1)
    np.testing.assert_allclose(known["sm_smap_mean"][:2], by_hand)
    asked = Inputs(forcing=("precipitation",), attributes=STATISTICS)
    scaling = fit_scaling(known.isel(time=slice(0, 10)), asked)
    mean = column(features(known, scaling), scaling, "sm_smap_mean")
    assert mean[2, 0] == 0  # a place never observed counts as the mean of the others
    assert sorted(mean[:2, 0]) == pytest.approx([-1, 1])


def test_stations_are_served_by_the_scaling_of_pixels(places):
    scaling = fit_scaling(places, INPUTS)
    stations = places.drop_vars("sm_smap").rename(pixel="station").isel(station=[2, 0])
    assert np.array_equal(features(stations, scaling), features(places, scaling)[[2, 0]])


def test_scaling_survives_a_file(places, tmp_path):
    scaling = fit_scaling(places, INPUTS)
    scaling.to_netcdf(tmp_path / "scaling.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "scaling.nc", engine="h5netcdf") as again:
        assert np.array_equal(features(places, again.load()), features(places, scaling))


def test_weather_with_a_gap(places):
    places["air_temperature"][2, 4] = np.nan
    with pytest.raises(DataError, match="'air_temperature' is missing at pixel 7 on 2015-04-05"):
        fit_scaling(places, INPUTS)


def test_an_input_that_is_absent(places):
    scaling = fit_scaling(places, INPUTS)
    with pytest.raises(DataError, match="made up: no variable 'sand'"):
        features(places.drop_vars("sand"), scaling)
    with pytest.raises(DataError, match="made up: no variable 'flag_land_cover'"):
        features(places.drop_vars("flag_land_cover"), scaling)


def test_no_observation_to_learn_from(places):
    places["sm_smap"][:] = np.nan
    with pytest.raises(DataError, match="'sm_smap' has no observation"):
        fit_scaling(places, INPUTS)


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"forcing": ("rain",)}, "unknown input 'rain'; allowed: precipitation"),
        ({"forcing": ()}, "no weather among the inputs"),
        ({"rain": "log"}, "unknown rain 'log'; allowed: none, root"),
    ],
)
def test_impossible_inputs(asked, line):
    with pytest.raises(ParameterError, match=line):
        Inputs(**asked)


def test_season_goes_round_once_a_year_and_is_the_same_everywhere(places):
    seasonal = INPUTS.but(season=True)
    scaling = fit_scaling(places, seasonal)
    year = np.arange("2015-01-01", "2017-01-01", dtype="datetime64[D]").astype("datetime64[ns]")
    long = places.isel(time=np.arange(year.size) % 20).assign_coords(time=year)
    x = features(long, scaling)
    sine, cosine = (column(x, scaling, name) for name in ("season_sine", "season_cosine"))
    np.testing.assert_allclose(sine**2 + cosine**2, 1, rtol=1e-5)
    assert cosine[0, 0] == 1 and abs(cosine[0, 182] + 1) < 1e-3
    np.testing.assert_allclose(sine[:, :365], sine[:, 365:730], atol=1e-6)
    assert (sine == sine[0]).all()
    assert "season_sine" not in fit_scaling(places, INPUTS)["feature"].values


def test_modelled_moisture_counts_as_departures_of_the_training_part(places):
    days = places["time"]
    random = np.random.default_rng(3)
    shape = places.sizes["pixel"], days.size
    made = {
        name: (("pixel", "time"), 0.2 + 0.1 * k + 0.05 * random.random(shape))
        for k, name in enumerate(MODELLED)
    }
    modelled = xr.Dataset(made, coords={"pixel": places["pixel"], "time": days})
    modelled["vic_surface"][0] = 0.3  # a model that never moves says nothing
    half = days[: days.size // 2]
    seen = with_departures(places, modelled, half)
    part = seen["noah_surface"].sel(time=half)
    np.testing.assert_allclose(part.mean("time"), 0, atol=1e-5)
    np.testing.assert_allclose(part.std("time"), 1, atol=1e-5)
    np.testing.assert_allclose(seen["vic_surface"][0], 0, atol=1e-12)
    later = modelled.copy(deep=True)
    later["noah_surface"][:, half.size :] += 1
    again = with_departures(places, later, half)["noah_surface"].sel(time=half)
    np.testing.assert_array_equal(again, part)
    inputs = Inputs(forcing=("precipitation", *MODELLED), attributes=())
    scaling = fit_scaling(seen, inputs)
    assert scaling["feature"].values.tolist() == ["precipitation", *MODELLED]
    assert features(seen, scaling).shape == (*shape, 5)


def test_loss_is_equation_9_with_the_mean_over_the_batch():
    predicted = torch.tensor([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0]])
    observed = torch.tensor([[0.0, np.nan, 1.0, np.nan], [np.nan, np.nan, np.nan, 2.0]])
    by_hand = [(1 + 4) / 4, 4 / 4]  # over all days of the instance, not over the observed ones
    assert masked_loss(predicted, observed).item() == pytest.approx(np.mean(by_hand))


def test_a_day_without_observation_has_no_gradient():
    predicted = torch.randn(2, 5, requires_grad=True)
    observed = torch.randn(2, 5)
    observed[0, 2] = observed[1, 4] = np.nan
    masked_loss(predicted, observed).backward()
    assert (predicted.grad == 0).nonzero().tolist() == [[0, 2], [1, 4]]


def test_instances_are_pieces_of_the_record(sequences):
    marked = Sequences(torch.arange(6 * 60).view(6, 60, 1).float(), sequences.y)
    for x, y in batches(marked, 5, 6, 20, seed=1, epoch=0):
        numbers = x[..., 0]
        assert (numbers.diff(dim=1) == 1).all()
        place, day = numbers.long() // 60, numbers.long() % 60
        assert (place == place[:, :1]).all()
        torch.testing.assert_close(y, sequences.y[place, day], equal_nan=True)


def test_places_and_starts_are_drawn_evenly(sequences):
    marked = Sequences(torch.arange(6 * 60).view(6, 60, 1).float(), sequences.y)
    first = torch.cat([x[:, 0, 0] for x, _ in batches(marked, 200, 50, 41, seed=0, epoch=0)])
    places = torch.bincount(first.long() // 60, minlength=6)
    starts = torch.bincount(first.long() % 60)
    assert len(starts) == 20  # starts 0 .. 19 leave room for 41 days of 60
    assert places.min() > 0.9 * 10_000 / 6
    assert starts.min() > 0.75 * 10_000 / 20


def test_draws_follow_from_seed_and_epoch(sequences):
    def draws(seed, epoch):
        return torch.stack([x for x, _ in batches(sequences, 3, 6, 20, seed, epoch)])

    assert torch.equal(draws(0, 4), draws(0, 4))
    assert not torch.equal(draws(0, 4), draws(0, 5))
    assert not torch.equal(draws(0, 4), draws(1, 4))


def test_no_observation_at_all():
    x, y = made_up()
    with pytest.raises(DataError, match="no place has an observation"):
        Sequences.of(x, np.full_like(y, np.nan))


def test_instances_longer_than_the_record(sequences):
    with pytest.raises(ParameterError, match="61 days in a record of 60 days; allowed: 1 to 60"):
        next(batches(sequences, 1, 6, 61, 0, 0))


def test_shapes_that_do_not_fit():
    with pytest.raises(ParameterError, match="the same places and days"):
        Sequences(torch.zeros(2, 5, 3), torch.zeros(2, 4))
