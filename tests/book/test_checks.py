"""Every common parameter is held against what there is, before any work."""

import shutil

import numpy as np
import pytest

from soilbook.book.checks import check
from soilbook.errors import DataError, DeviceError, ParameterError


def test_good_values_and_the_chapter_s_own_choice_pass():
    check({})
    check({"data": "twin", "profile": "smoke", "device": "auto", "sites": ["Kingston-1-W"]})
    check({"sites": [], "depths": [], "models": [], "repetitions": None, "device": None})
    check({"depths": [0.05, 1.0], "models": ["LSTM", "RF", "persistence"], "seed": 3})
    check({"anything": "else"})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"data": "real"}, "unknown data 'real'; allowed: twin, observed"),
        ({"profile": "fast"}, "unknown profile 'fast'; allowed: smoke, quick, standard, paper"),
        ({"device": "gpu"}, "unknown device 'gpu'; allowed: auto, cpu, cuda, cuda:N"),
        ({"sites": ["Kingston-1-W", "Atlantis"]}, "unknown site 'Atlantis'; allowed: Kingston-1-W"),
        ({"site": "Atlantis"}, "unknown site 'Atlantis'"),
        ({"depths": [0.05, 0.07]}, "unknown depth 0.07; allowed: 0.05 m, 0.10 m, 0.20 m"),
        ({"models": ["LSTM", "GRU"]}, "unknown model 'GRU'; allowed: 1D-CNN, LSTM, "),
        ({"repetitions": 0}, "repetitions 0: 1 or more are needed"),
        ({"seed": -1}, "seed -1"),
        ({"variant": "mine"}, "unknown variant 'mine'; allowed: paper, released"),
    ],
)
def test_unknown_value_says_what_is_allowed(values, said):
    with pytest.raises(ParameterError) as refusal:
        check(values)
    assert said in str(refusal.value) and "\n" not in str(refusal.value)


@pytest.mark.parametrize("device", ["cuda", "cuda:99"])
def test_absent_device_is_told(monkeypatch, device):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(
        DeviceError, match=f"device '{device}' is not there; allowed here: auto, cpu"
    ):
        check({"device": device})


def test_present_device_passes(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    check({"device": "cuda"})
    check({"device": "cuda:1"})
    with pytest.raises(DeviceError, match="allowed here: auto, cpu, cuda, cuda:0, cuda:1"):
        check({"device": "cuda:2"})


def test_observed_without_a_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="nowhere: no such data folder; set SOILBOOK_DATA"):
        check({"data": "observed"})


def test_observed_folder_without_stations(monkeypatch, tmp_path):
    monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path))
    check({"data": "observed"})  # a chapter that asks for no sites may read something else
    with pytest.raises(DataError, match="no station of the paper"):
        check({"data": "observed", "sites": []})
    with pytest.raises(DataError):
        check({"data": "observed", "sites": ["Kingston-1-W"]})


@pytest.mark.observed
def test_observed_sites_and_depths(monkeypatch, observed_folder):
    monkeypatch.setenv("SOILBOOK_DATA", str(observed_folder))
    check({"data": "observed", "sites": ["Kingston-1-W", "RI_Kingston_1_W"], "depths": [0.05]})
    check({"data": "observed", "sites": ["Lander_11_SSE"], "depths": [0.05]})
    with pytest.raises(
        ParameterError, match=r"'Lander_11_SSE' has no .* 1 m; allowed: 0\.05, 0\.1"
    ):
        check({"data": "observed", "sites": ["Lander_11_SSE"], "depths": [0.05, 1.0]})
    with pytest.raises(ParameterError, match="unknown site 'Atlantis'; allowed: Kingston"):
        check({"data": "observed", "sites": ["Atlantis"]})
    with pytest.raises(DataError, match="Falkenberg"):
        check({"data": "observed", "sites": ["Falkenberg"]})


@pytest.mark.observed
def test_folder_without_that_station(monkeypatch, observed_folder, tmp_path):
    for year in range(2012, 2024):
        name = f"uscrn/daily01/{year}/CRND0103-{year}-RI_Kingston_1_W.txt"
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copy(observed_folder / name, tmp_path / name)
    monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path))
    check({"data": "observed", "sites": ["Kingston-1-W"], "depths": np.array([0.05]).tolist()})
    with pytest.raises(DataError, match=r"no station 'Joplin_24_N'"):
        check({"data": "observed", "sites": ["Joplin-24-N"]})
