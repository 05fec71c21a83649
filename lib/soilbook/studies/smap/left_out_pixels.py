"""The year-ahead test at pixels that the network has never seen, by the same methods."""

from pathlib import Path

import numpy as np
import xarray as xr

from soilbook import metrics
from soilbook.device import find as find_device
from soilbook.errors import DataError
from soilbook.store import Store
from soilbook.studies.smap import prolongation
from soilbook.studies.smap.place_draws import blocks
from soilbook.studies.smap.prolongation_scores import METRICS
from soilbook.training.sequence_inputs import STATISTICS, features, fit_scaling, target
from soilbook.training.sequence_predict import predict
from soilbook.training.sequence_trainer import train_sequences
from soilbook.training.sequences import Sequences

FOLDS = 3


def scores(
    settings: prolongation.YearAhead,
    folder: Path | str | None = None,
    places: xr.Dataset | None = None,
    store: Store | None = None,
) -> xr.Dataset:
    """``rmse``, ``bias``, ``ubrmse`` (m3 m-3) and ``r`` (pixel) of the test year, place unseen.

    Blocks of 3 by 3 pixels are left out by thirds, so that each pixel is predicted by networks that
    learnt from the other two thirds; their mean counts. What SMAP said of a pixel in the training
    year is then not known: STATISTICS are those of the nearest pixel learnt from. ``fold`` (pixel)
    says with which third it was left out. DataError if there are fewer than FOLDS blocks.
    """
    device, store = find_device(settings.device), store or Store()
    places = prolongation.read(settings, folder, store) if places is None else places
    ready = prolongation.prepare(settings, places, store)
    fold = blocks(places["row"].values, places["column"].values)
    if len(np.unique(fold)) < FOLDS:
        raise DataError(
            f"{places.attrs.get('source', 'places')}: {len(np.unique(fold))} blocks of pixels; at "
            f"least {FOLDS} are needed to leave each out once"
        )
    fold = fold % FOLDS
    moisture = np.full(ready.test[prolongation.TARGET].shape, np.nan, np.float32)
    for k in range(FOLDS):
        moisture[fold == k] = _unseen(settings, ready, fold == k, device, store)
    observed = ready.test[prolongation.TARGET]
    made = metrics.score(observed, observed.copy(data=moisture), metrics=METRICS)
    return made.assign_coords(fold=("pixel", fold))


def _unseen(
    settings: prolongation.YearAhead,
    ready: prolongation.Prepared,
    out: np.ndarray,
    device: str,
    store: Store,
) -> np.ndarray:
    """Moisture (pixel, time) of the test year at the pixels ``out``, learnt from all others."""
    training = ready.training.isel(pixel=~out)
    scaling = fit_scaling(training, prolongation.METHOD_INPUTS[settings.method])
    of_training = features(training, scaling), target(training, scaling)
    sequences = Sequences.of(*of_training, device)
    trained = train_sequences(sequences, settings.members(), store)
    left = ready.record.isel(pixel=out)
    nearest = _nearest(left, training)
    left = left.assign({name: ("pixel", training[name].values[nearest]) for name in STATISTICS})
    made = predict(trained, settings.sequence, scaling, features(left, scaling), device)
    return made[:, :, ready.training.sizes["time"] :].mean(0)


def _nearest(places: xr.Dataset, known: xr.Dataset) -> np.ndarray:
    """Position in ``known`` of the pixel nearest to each of ``places``, on the grid."""
    apart = [
        np.subtract.outer(places[name].values, known[name].values) for name in ("row", "column")
    ]
    return np.hypot(*apart).argmin(axis=1)
