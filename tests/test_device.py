"""Every place that takes a device takes the same ones, and refuses others in the same line."""

import re

import pytest
import torch

from soilbook import device
from soilbook.book import provenance
from soilbook.book.build import on_gpu
from soilbook.book.chapters import check
from soilbook.errors import DeviceError, ParameterError
from soilbook.fang2019 import retrievals as satellite_forecast
from soilbook.fang2019 import runs as prolongation
from soilbook.fang2019 import s2_b_model as left_out_pixels
from soilbook.fang2019.hindcast import Hindcast
from soilbook.training import ensemble
from soilbook.wang2024.experiment import Experiment


def gpus(monkeypatch, n: int) -> None:
    """Let PyTorch find n GPUs."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: n > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: n)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda which=None: f"the GPU {which}")


def year_ahead(name: str):
    return prolongation.year_ahead(prolongation.YearAhead(device=name), places="made")


def pixels_left_out(name: str):
    return left_out_pixels.left_out_scores(prolongation.YearAhead(device=name), places="made")


def forecast_of_smap(name: str):
    return satellite_forecast.run(satellite_forecast.SatelliteForecast(device=name), pixels="made")


PLACES = {
    "the library": device.find,
    "a chapter's parameters": lambda name: check({"device": name}),
    "Experiment": lambda name: Experiment(device=name, profile="smoke").resolve(),
    "Hindcast": lambda name: Hindcast(device=name).resolve(),
    "the year-ahead test": year_ahead,
    "pixels left out": pixels_left_out,
    "forecast of SMAP": forecast_of_smap,
    "many networks": lambda name: ensemble.train(None, [], None, name),
}


@pytest.fixture(params=PLACES.values(), ids=PLACES)
def place(request, monkeypatch):
    """A function that takes a device's name, and ends where work would start."""

    class WorkStarts(Exception):
        pass

    def work(*_):
        raise WorkStarts

    def function(name):
        try:
            request.param(name)
        except WorkStarts:
            pass

    monkeypatch.setattr(prolongation, "prepare", work)
    monkeypatch.setattr(ensemble, "_check", work)
    return function


@pytest.mark.parametrize("name", ["auto", "cpu", "cuda", "cuda:0", "cuda:1"])
def test_what_is_there_is_taken_everywhere(monkeypatch, place, name):
    gpus(monkeypatch, 2)
    place(name)


@pytest.mark.parametrize(
    ("n", "name", "allowed"),
    [
        (0, "cuda", "auto, cpu"),
        (0, "cuda:0", "auto, cpu"),
        (1, "cuda:1", "auto, cpu, cuda, cuda:0"),
        (2, "cuda:2", "auto, cpu, cuda, cuda:0, cuda:1"),
    ],
)
def test_what_is_absent_is_refused_everywhere_in_the_same_line(
    monkeypatch, place, n, name, allowed
):
    gpus(monkeypatch, n)
    line = f"device '{name}' is not there; allowed here: {allowed}"
    with pytest.raises(DeviceError, match=f"^{re.escape(line)}$"):
        place(name)


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:01", "cuda:²", ""])
def test_what_is_no_device_is_refused_everywhere_in_the_same_line(monkeypatch, place, name):
    gpus(monkeypatch, 2)
    line = f"unknown device {name!r}; allowed: auto, cpu, cuda, cuda:N"
    with pytest.raises(ParameterError, match=f"^{re.escape(line)}$"):
        place(name)


@pytest.mark.parametrize(("n", "auto"), [(0, "cpu"), (1, "cuda"), (2, "cuda")])
def test_auto_is_a_gpu_where_there_is_one(monkeypatch, n, auto):
    gpus(monkeypatch, n)
    assert device.find("auto") == auto
    assert Experiment(profile="smoke").resolve().device == Hindcast().resolve().device == auto


def test_a_gpu_of_several_is_kept(monkeypatch):
    gpus(monkeypatch, 2)
    asked = {"device": "cuda:1"}
    assert Experiment(**asked).resolve().device == Hindcast(**asked).resolve().device == "cuda:1"


def test_whether_a_run_is_on_a_gpu(monkeypatch):
    gpus(monkeypatch, 2)
    names = ("cpu", "auto", "cuda", "cuda:1")
    assert [on_gpu(name) for name in names] == [False, True, True, True]
    gpus(monkeypatch, 0)
    assert [on_gpu(name) for name in ("cpu", "auto")] == [False, False]


def test_a_result_names_the_gpu_that_it_was_made_on(monkeypatch):
    gpus(monkeypatch, 2)
    assert provenance.device("cuda:1") == "the GPU cuda:1"
    assert provenance.device("auto") == provenance.device(None) == "the GPU cuda"
    assert provenance.device("cpu").startswith("CPU, ")
    gpus(monkeypatch, 0)
    assert provenance.device(None).startswith("CPU, ")
