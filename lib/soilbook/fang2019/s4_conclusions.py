"""IV: all that the claims of the paper are judged by, from both networks of stations."""

from soilbook.fang2019 import hindcast, places, s3_a_core_sites, s3_c_trends
from soilbook.settings import satellite


def evidence(settings: hindcast.Hindcast) -> dict:
    """All fields of ``statements.Evidence`` by name: scores of both networks, slopes by the paper's
    rules, the one-year test, the drying of the surface, and the draws. ``settings`` are those of
    the hindcast; its ``kind`` does not count."""
    chosen = {kind: settings.but(kind=kind) for kind in ("core", "sparse")}
    results = {kind: hindcast.run(one) for kind, one in chosen.items()}
    read = ((one, s3_c_trends.readings(one, settings.seed)) for one in results.values())
    slopes = (s3_c_trends.slopes(s3_c_trends.series(*pair)) for pair in read)
    rain = places.insitu(settings.data, "core", settings.seed)["precipitation"]
    return {
        **{kind: hindcast.scores(result) for kind, result in results.items()},
        "trends": s3_c_trends.together(*slopes),
        "one_year": s3_a_core_sites.one_year(results["core"], chosen["core"])["r"],
        "core_result": results["core"],
        "drying": s3_a_core_sites.drying(results["core"], rain),
        "n_replicates": satellite(settings.profile).bootstrap,
        "seed": settings.seed,
    }
