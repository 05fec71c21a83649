"""IV: all that the claims of the paper are judged by, from both networks of stations."""

import xarray as xr

from soilbook.fang2019 import hindcast, s3_a_core_sites, s3_c_trends
from soilbook.settings import satellite
from soilbook.store import Store


def evidence(settings: hindcast.Hindcast, folder=None, store: Store | None = None) -> dict:
    """Evidence on every section by name: scores of both networks, trends, the one-year test.

    ``settings`` are those of the hindcast; its ``kind`` does not count.
    """
    chosen = {kind: settings.but(kind=kind) for kind in ("core", "sparse")}
    results = {kind: hindcast.run(one, store, folder) for kind, one in chosen.items()}
    one_year = s3_a_core_sites.one_year(results["core"], chosen["core"], folder, store)
    return {
        **{kind: hindcast.scores(result) for kind, result in results.items()},
        "trends": trends(results.values(), settings.seed, folder, store),
        "one_year": one_year["r"],
        "core_result": results["core"],
        "n_replicates": satellite(settings.profile).bootstrap,
        "seed": settings.seed,
    }


def trends(results, seed: int = 0, folder=None, store: Store | None = None) -> xr.Dataset:
    """Slopes by the paper's rules at the places of several results of ``hindcast.run``."""
    moisture = (
        s3_c_trends.series(one, s3_c_trends.readings(one, seed, folder, store)) for one in results
    )
    return s3_c_trends.together(*map(s3_c_trends.slopes, moisture))
