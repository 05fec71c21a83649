"""The evidence on all claims comes from both networks of stations, with the same settings."""

from dataclasses import fields

from soilbook.fang2019 import hindcast, places, s3_a_core_sites, s3_c_trends, s4_conclusions
from soilbook.fang2019.statements import Evidence


def test_both_networks_are_run_and_named(monkeypatch):
    asked = []

    def run(settings):
        asked.append(settings)
        return settings.kind

    monkeypatch.setattr(hindcast, "run", run)
    monkeypatch.setattr(hindcast, "scores", lambda result: f"scores of {result}")
    monkeypatch.setattr(
        s3_a_core_sites, "one_year", lambda result, settings: {"r": (result, settings.kind)}
    )
    monkeypatch.setattr(s3_c_trends, "readings", lambda result, seed: seed)
    monkeypatch.setattr(s3_c_trends, "series", lambda result, insitu: (result, insitu))
    monkeypatch.setattr(s3_c_trends, "slopes", lambda moisture: moisture)
    monkeypatch.setattr(s3_c_trends, "together", lambda *parts: parts)
    monkeypatch.setattr(places, "insitu", lambda *asked: {"precipitation": asked})
    monkeypatch.setattr(s3_a_core_sites, "drying", lambda *given: given)
    found = s4_conclusions.evidence(hindcast.Hindcast(profile="smoke", seed=3))
    assert [(one.kind, one.seed) for one in asked] == [("core", 3), ("sparse", 3)]
    assert found["sparse"] == "scores of sparse" and found["core_result"] == "core"
    assert found["one_year"] == ("core", "core")
    assert found["trends"] == (("core", 3), ("sparse", 3))
    assert found["drying"] == ("core", ("twin", "core", 3))
    assert (found["n_replicates"], found["seed"]) == (100, 3)
    wanted = {one.name for one in fields(Evidence)} - {"draws"} | {"n_replicates", "seed"}
    assert set(found) == wanted  # or a claim that rests on it is not judged in the last chapter
