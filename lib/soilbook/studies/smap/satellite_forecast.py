"""The forecast formulation of section III-D of Fang et al. (2019), against the hindcast.

The same network learns from the same year; besides weather and attributes it sees the last SMAP
retrieval known at the issue and its age. One network serves all leads: it is trained on every pixel
once for each lead, so that batches hold all leads alike.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import xarray as xr

from soilbook import fingerprint
from soilbook import settings as profiles
from soilbook.device import find as find_device
from soilbook.errors import ParameterError
from soilbook.models.prolongation_branch import Memory, follow
from soilbook.store import Store
from soilbook.studies.smap import (
    prolongation,
    prolongation_scores,
    recent_retrievals,
    satellite_forecast_scores,
)
from soilbook.training.sequence_inputs import target
from soilbook.training.sequence_run import network
from soilbook.training.sequence_trainer import train_sequences
from soilbook.training.sequences import Sequences

# What each predictor sees of SMAP and of the weather between the issue and the target day.
SEES = {
    "forecast": "the last retrieval at the issue and its age; the weather up to the target day, "
    "analysed, as if every weather forecast were perfect",
    "forecast, usual weather": "the same network and retrievals; the weather up to the issue, "
    "after it that usual for the calendar day, as if there were no weather forecast at all",
    "hindcast": "no retrieval of the test year; the analysed weather up to the target day",
    "persistence": "the last retrieval at the issue, nothing else",
    "climatology": "the calendar day; retrievals of the training years",
}
ROWS = 20_000  # target days branched off at once


@dataclass(frozen=True)
class SatelliteForecast:
    """Settings: ``data`` twin or observed, a ``profile``; the network learns in ``train_years`` and
    is scored in ``test_year`` (1 April to 31 March), ``leads`` days ahead.

    ``networks`` and ``epochs`` None mean the profile's numbers; a forecast network takes as many
    steps as a hindcast network. ParameterError for values that are not allowed.
    """

    data: str = "twin"
    profile: str = "quick"
    train_years: tuple[int, ...] = (2015,)
    test_year: int = 2016
    leads: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    networks: int | None = None
    epochs: int | None = None
    seed: int = 0
    device: str = "auto"
    hindcast: prolongation.YearAhead = field(init=False)

    def __post_init__(self):
        if not self.leads or sorted({*self.leads}) != [*self.leads] or self.leads[0] < 1:
            raise ParameterError(
                f"leads {', '.join(map(str, self.leads)) or 'none'}; "
                "allowed: rising whole days from 1 on"
            )
        chosen = profiles.satellite(self.profile)
        made = prolongation.YearAhead(
            data=self.data,
            train_years=self.train_years,
            test_year=self.test_year,
            networks=chosen.networks if self.networks is None else self.networks,
            epochs=chosen.epochs if self.epochs is None else self.epochs,
            seed=self.seed,
            device=self.device,
            bootstrap=chosen.bootstrap,
        )
        object.__setattr__(self, "hindcast", made)

    def members(self) -> list:
        """Settings of every forecast network: a pixel counts once for each lead in an epoch."""
        epochs = max(1, round(self.hindcast.sequence.epochs / len(self.leads)))
        return [replace(one, epochs=epochs) for one in self.hindcast.members()]


def run(
    settings: SatelliteForecast,
    store: Store | None = None,
    folder: Path | str | None = None,
    pixels: xr.Dataset | None = None,
) -> xr.Dataset:
    """Train, forecast the test year at every lead, and score next to what needs less.

    ``pixels`` (pixel, time) replaces those of the track. Returns ``moisture`` (predictor, lead,
    pixel, time), m3 m-3, for the predictors of SEES; ``observed`` (pixel, time); scores, medians
    over pixels and paired differences with intervals, see ``satellite_forecast_scores.score``;
    ``age`` (lead), the median age in days of the last retrieval. Kept in ``store``.
    """
    store = store or Store()
    device = find_device(settings.device)
    if pixels is None:
        pixels = prolongation.read(settings.hindcast, folder, store)
    ready = prolongation.prepare(settings.hindcast, pixels, store)
    key = {
        "kind": "satellite forecast",
        "settings": settings,
        "data": fingerprint.of_arrays(ready.x, _retrievals(ready)),
    }
    return store.made(key, lambda: _made(settings, ready, pixels, store, device))


def _made(
    settings: SatelliteForecast,
    ready: prolongation.Prepared,
    pixels: xr.Dataset,
    store: Store,
    device: torch.device,
) -> xr.Dataset:
    smap = ready.test[prolongation.TARGET]
    hindcast = prolongation.year_ahead(settings.hindcast, places=pixels, store=store)
    ahead = hindcast["moisture"]
    predicted = forecasts(settings, ready, store, device)
    for name, source in (("hindcast", "ensemble"), ("climatology", "climatology")):
        same = ahead.sel(predictor=source).values
        predicted[name] = np.broadcast_to(same, (len(settings.leads), *same.shape))
    known = [recent_retrievals.latest(_retrievals(ready), lead) for lead in settings.leads]
    n_test = ready.test.sizes["time"]
    predicted["persistence"] = np.stack([value[:, -n_test:] for value, _ in known])
    result = satellite_forecast_scores.score(
        smap,
        {name: predicted[name] for name in SEES},
        settings.leads,
        settings.hindcast.bootstrap,
        settings.seed,
    )
    observed = smap.notnull().values
    ages = [float(np.nanmedian(age[:, -n_test:][observed])) for _, age in known]
    result["age"] = "lead", ages, {"units": "d", "long_name": "age of the last retrieval, median"}
    result.attrs.update(
        data=settings.data,
        n_networks=settings.hindcast.networks,
        source=pixels.attrs.get("source", ""),
    )
    return result


def information() -> pd.DataFrame:
    """What each predictor sees, for a page."""
    return pd.DataFrame({"predictor": list(SEES), "sees": list(SEES.values())})


def forecasts(
    settings: SatelliteForecast, ready: prolongation.Prepared, store: Store, device: torch.device
) -> dict[str, np.ndarray]:
    """The two forecasts of SEES, (lead, pixel, day of the test), m3 m-3, means of the networks."""
    retrievals, n_training = _retrievals(ready), ready.training.sizes["time"]
    by_lead = [recent_retrievals.inputs(retrievals, n, ready.scaling) for n in settings.leads]
    learnt = [np.concatenate([ready.x, more], -1)[:, :n_training] for more in by_lead]
    y = target(ready.training, ready.scaling)
    sequences = Sequences.of(np.concatenate(learnt), np.tile(y, (len(by_lead), 1)), device)
    members = settings.members()
    trained = train_sequences(sequences, members, store)
    del learnt, sequences
    time = np.concatenate([ready.training["time"].values, ready.test["time"].values])
    usual = recent_retrievals.usual_weather(ready.x, time, slice(0, n_training))
    there = np.isfinite(ready.test[prolongation.TARGET].values)
    total = {name: 0.0 for name in ("forecast", "forecast, usual weather")}
    for flat in trained["parameters"].values:
        n_features = ready.x.shape[2] + recent_retrievals.N_INPUTS
        made = network(flat, n_features, members[0]).to(device)
        for name, scaled in zip(
            total,
            with_and_without(made, ready.x, usual, by_lead, settings.leads, y, there),
            strict=True,
        ):
            total[name] = total[name] + scaled / len(members)
    mean, deviation = (ready.scaling[f"target_{name}"].item() for name in ("mean", "deviation"))
    return {name: scaled * deviation + mean for name, scaled in total.items()}


def with_and_without(made, x, usual, by_lead, leads, y, there) -> tuple[np.ndarray, np.ndarray]:
    """Scaled forecasts (lead, pixel, day) of one network: analysed weather, and usual weather after
    the issue; the latter on the days ``there`` (pixel, day) alone, else NaN.

    The level of a pixel is corrected by what the network missed there in training, ``y`` (pixel,
    day), as that of the hindcast is.
    """
    device = made.output.weight.device
    n_test = there.shape[1]
    analysed, without = np.full((2, len(leads), *there.shape), np.nan, np.float32)
    pixel, day = np.nonzero(there)
    for k, (lead, more) in enumerate(zip(leads, by_lead, strict=True)):
        known, unknown_ = (
            torch.from_numpy(np.concatenate([part, more], -1)).to(device) for part in (x, usual)
        )
        with torch.no_grad():
            moisture, memories = follow(made, known)
            moisture = moisture.cpu().numpy()
            level = prolongation_scores.misfit(y, moisture[:, :-n_test])
            analysed[k] = moisture[:, -n_test:] - level[:, None]
            # From the day of the first issue of a test day on.
            begun = memories[-n_test - lead :]
            hidden, cells = (torch.stack(part) for part in zip(*begun, strict=True))
            for at in range(0, len(pixel), ROWS):
                rows = torch.from_numpy(pixel[at : at + ROWS]).to(device)
                issue = torch.from_numpy(day[at : at + ROWS]).to(device)
                steps = issue.unsqueeze(1) + torch.arange(1, lead + 1, device=device)
                steps = steps + known.shape[1] - n_test - lead
                start = Memory(hidden[issue, rows], cells[issue, rows])
                branched, _ = follow(made, unknown_[rows.unsqueeze(1), steps], start)
                where = pixel[at : at + ROWS], day[at : at + ROWS]
                without[k][where] = branched[:, -1].cpu().numpy() - level[where[0]]
    return analysed, without


def _retrievals(ready: prolongation.Prepared) -> np.ndarray:
    """SMAP of training and test (pixel, time)."""
    parts = (part[prolongation.TARGET].values for part in (ready.training, ready.test))
    return np.concatenate([*parts], axis=1)
