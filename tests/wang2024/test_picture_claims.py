"""Claims on pictures, on Shapley values, weights and pictures made by hand."""

import numpy as np
import pytest
import xarray as xr

from soilbook import claims as judge
from soilbook import published
from soilbook.claims import Case
from soilbook.wang2024 import pictures as picture_claims

NETWORKS = (
    "1D-CNN", "LSTM", "Transformer", "CNN-LSTM", "LSTM-CNN", "CNN-with-LSTM", "FA-LSTM",
    "TA-LSTM", "FTA-LSTM", "GAN-LSTM",
)  # fmt: skip
FEATURES = ("precipitation", "soil_temperature", "sm")
N = 101  # samples, so that the 1st and 99th percentile are the second and the last but one


def values(phi: dict[str, np.ndarray], value: np.ndarray | None = None) -> xr.Dataset:
    """Shapley values (sample, step, feature) by network."""
    rows = np.stack(list(phi.values()))
    value = np.ones_like(rows[0]) if value is None else value
    dims = ("sample", "step", "feature")
    return xr.Dataset(
        {
            "phi": (("model", *dims), rows),
            "value": (("model", *dims), np.stack([value] * len(rows))),
        },
        {"model": list(phi), "step": [1, 2, 3, 4], "feature": list(FEATURES)},
    )


def wide(width: float, step: int = 4, feature: int = 2) -> np.ndarray:
    """phi of one input that spans ``width``, and a hundredth of it for every other."""
    phi = np.tile(np.linspace(0, 0.01 * width, N)[:, None, None], (1, 4, 3))
    phi[:, step - 1, feature] *= 100
    return phi


def ranked(turned: int = 0) -> np.ndarray:
    """phi of all inputs rising, the order of the first ``turned`` reversed."""
    ranks = np.arange(N * 12.0)
    ranks[:turned] = ranks[:turned][::-1]
    return ranks.reshape(N, 4, 3)


def turned_rank_correlation(turned: int) -> float:
    """Spearman's correlation of ``ranked()`` with ``ranked(turned)``, from squared rank gaps."""
    n = N * 12
    return 1 - 2 * turned * (turned**2 - 1) / (n * (n**2 - 1))


def pictured(**measures: dict[str, float]) -> xr.Dataset:
    """Measures of a picture of the inputs and of every network, 0.5 where none is given."""
    panels = ["inputs", *NETWORKS]
    return xr.Dataset(
        {
            name: ("panel", [measures.get(name, {}).get(panel, 0.5) for panel in panels])
            for name in ("order", "direction", "silhouette")
        },
        {"panel": panels},
    )


def verdict(identity: str, found: xr.Dataset | None = None, pictures: xr.Dataset | None = None):
    """The row of one claim of section 4.6."""
    found = values({"LSTM": ranked()}) if found is None else found
    (claim,) = (one for one in published.claims().itertuples() if one.id == identity)
    measured = picture_claims._measured(claim, found, pictured() if pictures is None else pictures)
    return judge.labelled(claim, measured)


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(picture_claims, "DRAWS", 20)


def test_every_claim_of_the_section_is_there_once_in_the_order_of_the_paper():
    table = picture_claims.of_pictures(values({"LSTM": ranked()}), pictured())
    keys = table["claim"].str.split(":").str[0].tolist()
    assert keys == [*(f"4.6-{number}" for number in range(1, 15)), "5-14", "5-15"]
    assert table.index.tolist() == list(range(16)) and list(table.columns) == judge.COLUMNS
    assert "Transformer has the narrowest Shapley values" in table["claim"][1]
    assert table["published"].isnull().all() and (table["not_if"].str.len() > 10).sum() == 15


def test_networks_that_were_not_run_are_not_judged():
    table = picture_claims.of_pictures(values({"GAN-LSTM": ranked()}), pictured().isel(panel=[0]))
    assert (table["verdict"] == "not testable").all() and table["reproduced"].isnull().all()
    assert table["why"].str.contains("not run|named in words").all()


@pytest.mark.parametrize(
    ("widths", "first", "second"),
    [
        # 1D-CNN widest of three (4.6-1), Transformer narrowest (4.6-2); 0.98 of a span is counted.
        ((3, 2, 1), ("reproduced", 0.98), ("reproduced", 0.98)),
        ((3, 1, 2), ("reproduced", 0.98), ("not", -0.98)),
        ((2, 3, 1), ("not", -0.98), ("reproduced", 0.98)),
        ((1, 2, 4), ("not", -2.94), ("not", -2.94)),
        ((2, 2, 2), ("cannot tell", 0), ("cannot tell", 0)),
    ],
)
def test_widths_of_networks_are_compared_pair_by_pair(widths, first, second):
    phi = dict(zip(NETWORKS[:3], map(wide, widths), strict=True))
    for key, (expected, least) in {"4.6-1": first, "4.6-2": second}.items():
        row = verdict(key, values(phi))
        assert row["verdict"] == expected
        assert row["reproduced"] == pytest.approx(least)


def test_the_widest_input_counts_wherever_it_stands():
    phi = {"1D-CNN": wide(3, step=1, feature=0), "LSTM": wide(2, 2, 1), "Transformer": wide(1)}
    row = verdict("4.6-1", values(phi))
    assert row["verdict"] == "reproduced" and row["reproduced"] == pytest.approx(0.98)
    assert "2 of 2 pairs as claimed" in row["why"]


def test_a_pair_that_was_not_run_leaves_a_claim_in_part():
    row = verdict("4.6-1", values({"1D-CNN": wide(3), "Transformer": wide(1)}))
    assert row["verdict"] == "partly" and row["reproduced"] == pytest.approx(1.96)
    assert "1 of 2 pairs" in row["why"]


@pytest.mark.parametrize(("width", "expected"), [(11, "reproduced"), (9.5, "not"), (0.5, "not")])
def test_the_widest_of_all_is_wider_than_every_other(width, expected):
    phi = {name: wide(1 + i) for i, name in enumerate(NETWORKS)}
    phi["CNN-with-LSTM"] = wide(width)
    row = verdict("4.6-7", values(phi))
    assert row["verdict"] == expected
    assert row["reproduced"] == pytest.approx(0.98 * (width - 10))


def warmed(first: float, second: float) -> xr.Dataset:
    """1D-CNN and LSTM that answer to soil temperature of the third day, and to all else unlike."""
    value = np.tile(np.linspace(0, 1, N)[:, None, None], (1, 4, 3))
    phi = {}
    for name, sign in (("1D-CNN", first), ("LSTM", second)):
        phi[name] = -np.sign(sign) * value
        phi[name][:, 2, 1] = sign * value[:, 2, 1]
    return values(phi, value)


def test_soil_temperature_of_the_third_day_should_wet_in_both_networks():
    whole = verdict("4.6-3", warmed(0.1, 0.2))
    assert whole["verdict"] == "reproduced" and whole["reproduced"] == pytest.approx(1)
    half = verdict("4.6-3", warmed(0.1, -0.2))
    assert half["verdict"] == "not" and half["reproduced"] == pytest.approx(-1)
    assert "1D-CNN +1.00, LSTM -1.00" in half["why"]
    assert verdict("4.6-3", warmed(-0.1, -0.2))["verdict"] == "not"
    alone = verdict("4.6-3", warmed(0.1, 0.2).sel(model=["LSTM"]))
    assert alone["verdict"] == "partly" and "1D-CNN" not in alone["why"]


def test_the_transformer_should_do_better_on_the_third_day_than_both_others():
    def row(transformer):
        found = warmed(0.1, 0.2)
        third = warmed(transformer, 0.1).sel(model=["1D-CNN"]).assign_coords(model=["Transformer"])
        return verdict("4.6-13", xr.concat([found, third], "model"))

    better = row(-0.1)
    assert better["verdict"] == "reproduced" and better["reproduced"] == pytest.approx(2)
    assert "1D-CNN +1.00, LSTM +1.00, Transformer -1.00" in better["why"]
    assert row(0.1)["verdict"] == "cannot tell"


@pytest.mark.parametrize(
    ("by_day", "expected", "least"),
    [((1, 2, 3, 4), "reproduced", 1), ((1, 3, 2, 4), "not", -1), ((4, 3, 2, 1), "not", -1)],
)
def test_recent_days_should_matter_more_to_the_transformer(by_day, expected, least):
    signs = np.where(np.arange(N) % 2, 1, -1)  # phi cancels out, |phi| does not
    parts = np.array([[7, 2, 1], [2, 2, 6], [4, 5, 1], [1, 3, 6]]) / 10  # of features, by day
    phi = np.tile(signs[:, None, None], (1, 4, 3)) * np.array(by_day)[:, None] * parts
    row = verdict("4.6-4", values({"LSTM": phi[:, ::-1], "Transformer": phi}))
    assert row["verdict"] == expected and row["reproduced"] == pytest.approx(least)


def test_networks_use_data_unlike_where_most_pairs_have_other_values():
    """Likeness speaks against a difference, whatever section 4.6 makes of it."""

    def row(*turned):
        phi = dict.fromkeys(NETWORKS, ranked()) | {
            n: ranked(k) for n, k in zip(NETWORKS, turned, strict=False)
        }
        return verdict("5-14", values(phi))

    alike = row()
    assert alike["verdict"] == "not" and "0 of 45 pairs" in alike["why"]
    apart = row(*(120 * k for k in range(10)))
    assert apart["verdict"] == "reproduced" and apart["reproduced"] > 0.5 < apart["low"]
    few = verdict("5-14", values(dict.fromkeys(NETWORKS[:9], ranked())))
    assert few["verdict"] == "not testable"


def test_pictures_differ_where_few_neighbours_are_shared():
    random = np.random.default_rng(0)
    one = random.normal(size=(N, 2))
    other = random.normal(size=(11, N, 2))

    def row(positions):
        found = pictured().assign(
            position=(("panel", "sample", "axis"), positions),
            moisture=("sample", np.linspace(0.1, 0.3, N)),
        )
        return verdict("5-15", pictures=found)

    assert row(np.stack([one] * 11))["verdict"] == "not"
    assert row(other)["verdict"] == "reproduced"


@pytest.mark.parametrize(
    ("key", "model", "claimed", "other"),
    [("4.6-5", "CNN-LSTM", "1D-CNN", "LSTM"), ("4.6-6", "LSTM-CNN", "LSTM", "1D-CNN")],
)
def test_a_hybrid_should_be_nearer_to_the_network_that_is_named(key, model, claimed, other):
    def row(near, far):
        return verdict(key, values({model: ranked(), claimed: near, other: far}))

    right = row(ranked(), -ranked())
    assert right["verdict"] == "reproduced" and right["reproduced"] == pytest.approx(2)
    assert f"of {claimed} 1.00, of {other} -1.00" in right["why"]
    wrong = row(-ranked(), ranked())
    assert wrong["verdict"] == "not" and wrong["reproduced"] == pytest.approx(-2)
    assert row(ranked(), ranked())["verdict"] == "cannot tell"
    little = row(ranked(250), ranked())
    assert little["verdict"] == "not"
    assert little["reproduced"] == pytest.approx(turned_rank_correlation(250) - 1)
    assert verdict(key, values({model: ranked(), claimed: ranked()}))["verdict"] == "not testable"


def test_networks_are_alike_from_a_rank_correlation_of_nine_tenths():
    alike, unlike = 300, 600
    assert turned_rank_correlation(unlike) < 0.8 and 0.95 < turned_rank_correlation(alike)
    names = ("FA-LSTM", "TA-LSTM", "FTA-LSTM")

    def row(*turned):
        phi = dict(zip(names, map(ranked, turned), strict=True))
        return verdict("4.6-8", values({"LSTM": ranked(), **phi}))

    whole = row(0, alike, 0)
    assert whole["verdict"] == "reproduced"
    assert whole["reproduced"] == pytest.approx(turned_rank_correlation(alike))
    assert row(0, unlike, 0)["verdict"] == row(unlike, unlike, unlike)["verdict"] == "not"
    assert row(445, 0, 0)["verdict"] in ("partly", "cannot tell")
    for phi, expected in ((ranked(alike), "reproduced"), (-ranked(), "not")):
        one = verdict("4.6-9", values({"LSTM": ranked(), "GAN-LSTM": phi}))
        assert one["verdict"] == expected


# Networks whose measure of the picture is claimed to exceed that of the others.
ABOVE = {
    "4.6-10": ("order", NETWORKS, ("inputs",)),
    "4.6-11": (
        "direction",
        ("FA-LSTM", "GAN-LSTM", "LSTM"),
        ("LSTM-CNN", "CNN-LSTM", "CNN-with-LSTM"),
    ),
    "4.6-12": (
        "silhouette",
        ("LSTM-CNN", "CNN-with-LSTM", "FTA-LSTM"),
        ("1D-CNN", "LSTM", "Transformer", "CNN-LSTM", "FA-LSTM", "TA-LSTM", "GAN-LSTM"),
    ),
}


@pytest.fixture
def halves(monkeypatch):
    """Intervals of 0.05 on either side, in place of half pictures."""

    def near(statistic, pictures, value):
        return [Case(float(one), float(one) - 0.05, float(one) + 0.05) for one in value]

    monkeypatch.setattr(picture_claims, "_halves", near)


@pytest.mark.parametrize("key", ABOVE)
def test_pictures_are_compared_by_the_measure_of_the_claim(key, halves):
    name, above, below = ABOVE[key]
    high, low = dict.fromkeys(above, 0.7), dict.fromkeys(below, 0.4)
    right = pictured(**{name: high | low})
    row = verdict(key, pictures=right)
    assert row["verdict"] == "reproduced" and row["reproduced"] == pytest.approx(0.3)
    assert f"{len(above) * len(below)} of" in row["why"]
    mostly = verdict(key, pictures=pictured(**{name: high | low | {above[0]: 0.3}}))
    assert mostly["verdict"] == "not" and mostly["reproduced"] == pytest.approx(-0.1)
    open_ended = verdict(key, pictures=pictured(**{name: high | low | {above[0]: 0.42}}))
    assert open_ended["verdict"] == ("partly" if len(above) * len(below) > 1 else "cannot tell")
    turned = dict.fromkeys(above, 0.4) | dict.fromkeys(below, 0.7)
    assert verdict(key, pictures=pictured(**{name: turned}))["verdict"] == "not"
    for other in set(ABOVE) - {key}:  # the other measures do not speak for these claims
        assert verdict(other, pictures=right)["verdict"] == "cannot tell"


def test_without_positions_a_picture_has_no_interval_and_proves_nothing():
    high = dict.fromkeys(NETWORKS, 0.7) | {"inputs": 0.4}
    assert verdict("4.6-10", pictures=pictured(order=high))["verdict"] == "cannot tell"


def test_intervals_of_pictures_come_from_halves_of_their_samples():
    random = np.random.default_rng(0)
    moisture = random.uniform(0.1, 0.3, N)
    rough = random.normal(size=(N, 2))
    clear = np.stack([moisture + 0.002 * random.normal(size=N), 0.02 * rough[:, 0]], axis=1)
    found = pictured(direction=dict.fromkeys(("FA-LSTM", "GAN-LSTM", "LSTM"), 0.95))
    at = [clear if panel in ("FA-LSTM", "GAN-LSTM", "LSTM") else rough for panel in found["panel"]]
    found = found.assign(
        position=(("panel", "sample", "axis"), np.stack(at)), moisture=("sample", moisture)
    )
    row = verdict("4.6-11", pictures=found)
    assert row["verdict"] == "reproduced" and 0 < row["low"] < 0.45 < row["high"]


def weighted(apart: float, spread: float, n_repetitions: int = 2) -> xr.Dataset:
    """Weights of three features, one that falls, one that stays and one that rises.

    By ``apart`` with depth, by ``spread`` with the repetition; repetitions move the one that stays
    to opposite sides at the two depths. Single steps hold twice these changes or nothing of them.
    """
    depth = np.array([-1.0, 1.0])[:, None, None, None]
    repetition = np.linspace(-1, 1, n_repetitions)[:, None, None]
    early, late = (np.array(part)[:, None] for part in ([2, 1, 1, 0], [0, 1, 1, 2]))
    moved = np.array([-1, 0, 1]) * (apart * late * depth + spread * early * repetition)
    opposed = np.array([0, 1, 0]) * spread * depth * repetition
    return xr.Dataset(
        {
            "feature_weight": (
                ("depth", "repetition", "step", "feature"),
                np.array([0.3, 0.3, 0.4]) + moved + opposed,
            ),
            "time_weight": (("depth", "repetition", "step"), np.full((2, n_repetitions, 4), 0.25)),
        },
        {"depth": [0.05, 1.0], "step": [1, 2, 3, 4], "feature": list(FEATURES)},
    )


@pytest.mark.parametrize(
    ("apart", "spread", "expected"),
    [(0.45, 0.1, "reproduced"), (0.4, 0.1, "partly"), (0.1, 0.3, "not")],
)
def test_weights_should_differ_between_depths_more_than_between_repetitions(
    apart, spread, expected
):
    row = picture_claims.of_attention(weighted(apart, spread)).loc["4.4-10"]
    assert row["verdict"] == expected
    # Over two depths two features spread by ``apart`` and one not at all; over two repetitions
    # all three by the square root of two times ``spread``.
    assert row["reproduced"] == pytest.approx(2 / 3 * apart / (np.sqrt(2) * spread))
    assert row["claim"].startswith("4.4-10: Feature weights change sensibly with depth")


def test_one_repetition_cannot_tell_depths_from_chance():
    row = picture_claims.of_attention(weighted(0.3, 0.1, 1)).loc["4.4-10"]
    assert row["verdict"] == "not testable" and np.isnan(row["reproduced"])
    assert "needs repetitions" in row["why"]


RISING, EARLY = (0.1, 0.2, 0.3, 0.4), (0.4, 0.3, 0.2, 0.1)


@pytest.mark.parametrize(
    ("days", "moved", "expected", "least"),
    [
        ((RISING, RISING), 0.01, "reproduced", 0.1),
        ((RISING, (0.1, 0.2, 0.4, 0.3)), 0.01, "not", -0.1),
        ((EARLY, EARLY), 0.01, "not", -0.3),
        ((RISING, RISING), 0.4, "cannot tell", 0.1),
        (((0.25, 0.25, 0.25, 0.25),), 0.01, "cannot tell", 0),
    ],
)
def test_the_latest_day_should_weigh_most_at_every_depth(days, moved, expected, least):
    n = len(days)
    by_repetition = moved * np.array([-1, 0, 1, -1, 1])[:, None] * np.array([0, 0, 0, 1])
    weights = xr.concat([weighted(0.3, 0.1, 5).isel(depth=[0])] * n, "depth")
    weights = weights.assign_coords(depth=np.arange(n) / 10)
    found = np.array(days)[:, None] + by_repetition
    weights["time_weight"] = ("depth", "repetition", "step"), found
    row = picture_claims.of_attention(weights).loc["4.4-11"]
    assert row["verdict"] == expected and row["reproduced"] == pytest.approx(least, abs=1e-6)


def test_on_the_twin_weights_hold_or_do_not():
    rows = picture_claims.of_attention(weighted(0.45, 0.1), "twin")
    assert rows["verdict"].to_dict()["4.4-10"] == "holds on the twin"
    rows = picture_claims.of_attention(weighted(0.1, 0.3), "twin")
    assert rows["verdict"].to_dict()["4.4-10"] == "does not hold on the twin"


def test_weights_are_ranked_against_use_depth_by_depth_and_repetition_by_repetition():
    features = ["a", "b", "c", "d"]
    order = np.array([0.1, 0.2, 0.3, 0.4])
    rows = np.array([[order, order], [order, order[::-1]], [order[::-1], order[::-1]]])
    # Neither day alone has the order of their mean.
    day = np.array([0.3, -0.1, 0.1, -0.3])
    steps = np.stack([rows + day, rows - day], axis=2)
    weights = xr.Dataset(
        {"feature_weight": (("depth", "repetition", "step", "feature"), steps)},
        {"depth": [0.05, 0.1, 1.0], "repetition": [5, 6], "feature": features},
    )
    used = xr.Dataset(
        {"importance": (("depth", "repetition", "feature"), np.tile(order**2, (2, 2, 1)))},
        {"depth": [1.0, 0.1], "feature": features},
    )
    table = picture_claims.weights_against_use(weights, used).set_index("depth_m")
    assert table.index.tolist() == [1.0, 0.1]
    assert table.loc[1.0].tolist() == pytest.approx([-1, -1, -1])
    assert table["rank_correlation"][0.1] == pytest.approx(0)
    assert table["low"][0.1] == pytest.approx(-1) and table["high"][0.1] == pytest.approx(1)
    assert table.columns.tolist() == ["rank_correlation", "low", "high"]


def test_mean_width_and_effect_of_each_input_stand_in_one_row():
    value = np.tile(np.linspace(0, 1, N)[:, None, None], (1, 4, 3))
    phi = np.zeros((N, 4, 3))
    phi[:, 3, 2] = 0.2 * (value[:, 3, 2] - 0.5)
    phi[:, 1, 0] = -0.1 * value[:, 1, 0]
    table = picture_claims.means(values({"LSTM": phi}, value))
    assert len(table) == 12 and set(table["model"]) == {"LSTM"}
    rows = table.set_index(["step", "feature"])[["mean_absolute", "width", "effect"]]
    # The mean distance of 101 even steps from their middle is 0.5 * 51 / 101.
    assert rows.loc[(4, "sm")].tolist() == pytest.approx([0.1 * 51 / 101, 0.196, 1])
    assert rows.loc[(2, "precipitation")].tolist() == pytest.approx([0.05, 0.098, -1])
    assert rows.loc[(1, "sm")].tolist()[:2] == [0, 0] and np.isnan(rows.loc[(1, "sm")]["effect"])
