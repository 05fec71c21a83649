"""What the committed observed reference run found: sentences for the front page, nothing typed.

Each sentence is chosen by the numbers that it tells, so that prose and numbers cannot part.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from soilbook import published
from soilbook.book.myst import REFERENCE, recorded

SURE = 0.05  # corrected p
LOST = 0.02  # of the error, since half of a training: it has not converged
NETWORK_TABLES = {
    "s4_2_basic_networks": "table_3.csv",
    "s4_3_cnn_lstm_hybrids": "table_4.csv",
    "s4_4_attention": "table_5.csv",
    "s4_5_gan": "table_6.csv",
}
PRODUCTS = ("SMAP", "LSTM", "Noah", "Comb", "VIC", "Noah+VIC")
LAYERS = {"surface": "surface", "rootzone": "root zone"}
PERIODS = {"PL": "before launch", "AL": "after launch"}


@dataclass(frozen=True)
class Finding:
    """A question, its answer in Markdown with numbers and intervals, and the chapter it is from."""

    question: str
    answer: str
    chapter: str


class Reference:
    """Tables of the committed observed reference run of a study."""

    def __init__(self, base: Path, study: str):
        self.folder, self.study = base / REFERENCE / study, study

    def __call__(self, section: str, name: str) -> pd.DataFrame:
        return pd.read_csv(self.folder / section / name)

    def claim(self, section: str, number: str) -> pd.Series:
        claims = self(section, "claims.csv")
        return claims[claims["claim"].str.startswith(f"{number}:")].iloc[0]


def networks(read: Reference) -> pd.DataFrame:
    """R2 of the ten networks and the baselines, pooled reading: model, depth_m, lead_d, r2, r2_low,
    r2_high, r2_published, n_sites."""
    parts = [read(section, name) for section, name in NETWORK_TABLES.items()]
    whole = pd.concat(parts).query("reading == 'pooled'")
    whole = whole.sort_values("r2_published")  # LSTM stands in several tables, printed in two
    return whole.drop_duplicates(["model", "depth_m", "lead_d"])


def which_network(read: Reference) -> Finding:
    """The best network at the shallowest and the deepest depth, by its mean over the leads."""
    table = networks(read)
    table = table[table["model"].isin(published.models("deep"))]
    parts = []
    for depth in (table["depth_m"].min(), table["depth_m"].max()):
        here = table[table["depth_m"] == depth]
        means = here.groupby("model")["r2"].mean().sort_values(ascending=False)
        best = here[here["model"] == means.index[0]].sort_values("lead_d")
        values = ", ".join(
            f"{row.r2:.3f} {_span(row.r2_low, row.r2_high)} at {row.lead_d} d"
            for row in best.itertuples()
        )
        behind = means.iloc[0] - means.iloc[1]
        parts.append(
            f"At {depth:.2f} m **{means.index[0]}**, with R² = {values}; {means.index[1]} is "
            + (f"{behind:.3f} lower on average" if behind >= 0.0015 else "level with it")
        )
    lead = read.claim("s5_conclusions", "5-3")
    parts.append(
        f"Among the three basic networks LSTM is ahead of Transformer by {lead['reproduced']:.3f} "
        f"{_span(lead['low'], lead['high'])}"
        if lead["low"] > 0
        else "The order of the three basic networks lies within chance"
    )
    return Finding("Which network is best?", ". ".join(parts) + ".", "s4_2_basic_networks")


def against_persistence(read: Reference) -> Finding:
    """How many of the networks beat persistence beyond chance, near the surface and at depth."""
    gains = read("s5_conclusions", "fig_5all.csv")
    gains = gains[gains["model"].isin(published.models("deep"))]
    paired = read("s4_2_basic_networks", "table_3c.csv").query("model == 'persistence'")
    parts = []
    for depth in (gains["depth"].min(), gains["depth"].max()):
        counts = []
        for lead in (gains["lead"].min(), gains["lead"].max()):
            here = gains[(gains["depth"] == depth) & (gains["lead"] == lead)]
            sure = int(((here["gain"] > 0) & (here["p"] < SURE)).sum())
            counts.append(f"{sure} of {len(here)} networks at {lead} d")
        last = paired[np.isclose(paired["depth_m"], depth)].sort_values("lead_d")
        leads = [
            f"{_number(-row.difference, sign='+')} {_span(-row.high, -row.low)} at {row.lead_d} d"
            for row in last.iloc[[0, -1]].itertuples()
        ]
        parts.append(
            f"At {depth:.2f} m, beyond chance: **{' and '.join(counts)}**; LSTM gains "
            f"{' and '.join(leads)} in R²"
        )
    return Finding("Does any network beat persistence?", ". ".join(parts) + ".", "s5_conclusions")


def change(read: Reference, number: str, question: str, chapter: str) -> Finding:
    """What an addition to the LSTM changes, mean over depths and leads: claim ``number``."""
    row = read.claim("s5_conclusions", number)
    low, high, printed = row["low"], row["high"], row["published"]
    word = "A gain" if low > 0 else "A loss" if high < 0 else "No change beyond chance"
    answer = (
        f"**{word}**: R² changes by {_number(row['reproduced'], sign='+')} {_span(low, high)} "
        "relative to the plain LSTM, mean of depths and leads; the paper prints "
        f"{_number(printed, sign='+')}."
    )
    return Finding(question, answer, chapter)


def machine_learning(read: Reference) -> Finding:
    """Networks and classical methods: the closest pair."""
    row = read.claim("s5_conclusions", "5-2")
    word = "Yes" if row["low"] > 0 else "No" if row["high"] < 0 else "Not beyond chance"
    pair = row["why"].split("shown: ")[1].split(",")[0]
    answer = (
        f"**{word}**: the closest pair, {pair}, is {row['reproduced']:.3f} "
        f"{_span(row['low'], row['high'])} apart in R²."
    )
    return Finding("Do networks beat classical machine learning?", answer, "s4_1_machine_learning")


def basis_of_networks(read: Reference) -> Finding:
    """On how much data the findings of study 1 rest."""
    table = networks(read)
    printed = len(published.sites())
    dates = read("appendix_d_sites", "table_D2s.csv")
    answer = (
        f"**{table['n_sites'].max()} of the paper's {printed} sites**, those whose observations "
        f"are open, at {table['depth_m'].nunique()} depths, {dates['start'].min()[:4]} to "
        f"{dates['end'].max()[:4]}; the last fifth of each record is the test part."
    )
    return Finding("On how much data does this rest?", answer, "appendix_d_sites")


def before_launch(read: Reference) -> Finding:
    """The LSTM's correlation with stations before and after the launch of SMAP."""
    table = read("s3_b_sparse_network", "table_7.csv").query("metric == 'r'")
    rows = {}
    for layer in LAYERS:
        for period in PERIODS:
            rows[layer, period] = median(table, "LSTM", layer, period)
    parts = []
    for layer, words in LAYERS.items():
        before, after = rows[layer, "PL"], rows[layer, "AL"]
        overlap = before["high"] >= after["low"]
        parts.append(
            f"{words}: median R = {before['median']:.3f} {_span(before['low'], before['high'])} "
            f"before launch, {after['median']:.3f} {_span(after['low'], after['high'])} after "
            f"({'within' if overlap else 'beyond'} the intervals)"
        )
    smap = median(table, "SMAP", "surface", "AL")
    holds = all(rows[one, "PL"]["high"] >= rows[one, "AL"]["low"] for one in LAYERS)
    answer = (
        f"**{'Yes' if holds else 'Not everywhere'}**: {'; '.join(parts)}. SMAP's own retrievals "
        f"reach {smap['median']:.3f} {_span(smap['low'], smap['high'])} at the surface."
    )
    return Finding(
        "Does the prolongation of SMAP hold before launch?", answer, "s3_b_sparse_network"
    )


def against_noah(read: Reference, product: str, question: str) -> Finding:
    """Whether a product is closer to stations than Noah alone, before launch."""
    table = read("s3_b_sparse_network", "table_7b.csv")
    part = table[(table["product"] == product) & (table["period"] == "PL")]
    parts = [
        f"{LAYERS[row.layer]} R {_number(row.difference, sign='+')} {_span(row.low, row.high)}, "
        f"better at {row.n_better} of {row.n_places} stations"
        for row in part.itertuples()
    ]
    verdicts = set(part["verdict"])
    word = {"better": "Yes", "worse": "No, it is farther away"}.get(
        next(iter(verdicts)) if len(verdicts) == 1 else "", "No difference beyond chance"
    )
    return Finding(
        question, f"**{word}** (before launch): {'; '.join(parts)}.", "s3_b_sparse_network"
    )


def year_ahead(read: Reference) -> Finding:
    """A year that no network has seen, against SMAP, beside the authors' released predictions."""
    table = read("s2_b_model", "table_M3.csv")
    ensembles = table[table["predictor"] == "ensemble"].set_index(["method", "metric"])
    own, more = ensembles.loc["paper"], ensembles.loc["ours"]
    theirs = table[table["predictor"] == "released network"].set_index("metric")["value"]
    parts = []
    for metric, words in (("r", "R"), ("rmse", "RMSE (m³ m⁻³)")):
        row = own.loc[metric]
        parts.append(
            f"median {words} {row['value']:.3f} {_span(row['low'], row['high'])}, released "
            f"network {theirs[metric]:.3f}"
        )
    row = more.loc["r"]
    parts.append(
        "with SMAP's mean and deviation at the pixel as further inputs (LSTM (ours)) R "
        f"{row['value']:.3f} {_span(row['low'], row['high'])}"
    )
    low, high = own.loc["r", ["low", "high"]]
    word = "As well as the authors' network"
    if not low <= theirs["r"] <= high:
        word = f"{'Better' if low > theirs['r'] else 'Less well'} than the authors' network"
    return Finding(
        "How well does the network predict SMAP a year ahead?",
        f"**{word}**: {'; '.join(parts)}. {_convergence(read)}".strip(),
        "s2_b_model",
    )


def _convergence(read: Reference) -> str:
    """Whether the paper's method was trained for long enough, from its error on held-out days."""
    curves = read("s2_b_model", "fig_M2.csv").query("panel == 'paper' and part == 'held out'")
    epochs, rmse = (curves[name].to_numpy() for name in ("epoch", "rmse"))
    then = np.flatnonzero(epochs <= epochs[-1] / 2)[-1]
    if 1 - rmse[-1] / rmse[then] < LOST:
        return ""
    return (
        f"At the end of its {epochs[-1]} epochs the paper's method still improves: the error on "
        f"held-out days was {rmse[then]:.3f} m³ m⁻³ at epoch {epochs[then]} and {rmse[-1]:.3f} at "
        "the end."
    )


def trends(read: Reference) -> Finding:
    """Correlation of trends of the root zone over stations."""
    row = read("s3_c_trends", "table_9.csv").query("group == 'CRN sites'").set_index("product")
    own, noah = row.loc["LSTM"], row.loc["Noah"]
    word = "In part" if own["r_low"] > 0 else "Not beyond chance"
    answer = (
        f"**{word}**: slopes of LSTM and station correlate with R = {own['r']:.2f} "
        f"{_span(own['r_low'], own['r_high'], 2)} over {own['n_places']} stations (printed: "
        f"{own['r_published']:.2f}); those of Noah with {noah['r']:.2f} "
        f"{_span(noah['r_low'], noah['r_high'], 2)}."
    )
    return Finding("Does the hindcast show trends of the root zone?", answer, "s3_c_trends")


def basis_of_prolongation(read: Reference) -> Finding:
    """On how much data the findings of study 2 rest."""
    table = read("s2_a_data", "table_A1.csv").set_index(["data", "variable"])
    smap = table.loc[("pixels", "sm_smap")]
    surface, deep = (
        table.loc[("in situ, sparse", one)]["places"] for one in ("sm_surface", "sm_rootzone")
    )
    answer = (
        f"**{smap['places']} pixels** of SMAP ({smap['first']} to {smap['last']}, the authors' "
        f"example data) and **{surface} stations** of the Climate Reference Network ({deep} with a "
        f"root zone). The series of the core sites are not open; in their place stand "
        f"{table.loc[('in situ, core', 'sm_surface')]['places']} stations inside a pixel."
    )
    note = recorded(read.folder / "s2_b_model").get("note", "")
    answer = f"{answer} {note}".strip()
    return Finding("On how much data does this rest?", answer, "s2_a_data")


# How each finding is made, with its arguments after the reference run.
FINDINGS: dict[str, tuple[tuple, ...]] = {
    "wang2024": (
        (which_network,),
        (against_persistence,),
        (change, "5-10", "What did adversarial training (GAN) bring?", "s4_5_gan"),
        (change, "5-8", "Does feature attention help the LSTM?", "s4_4_attention"),
        (machine_learning,),
        (basis_of_networks,),
    ),
    "fang2019": (
        (before_launch,),
        (against_noah, "Comb", "Does Comb (mean of LSTM and Noah) beat Noah?"),
        (against_noah, "LSTM", "Is the LSTM closer to the stations than Noah?"),
        (year_ahead,),
        (trends,),
        (basis_of_prolongation,),
    ),
}
TITLES = {
    "wang2024": "Study 1: ten networks at single sites",
    "fang2019": "Study 2: a satellite record carried back in time",
}


def findings(base: Path, study: str) -> list[Finding]:
    """The findings of one study, from its committed observed reference run."""
    read = Reference(base, study)
    return [make(read, *arguments) for make, *arguments in FINDINGS[study]]


def median(table: pd.DataFrame, product: str, layer: str, period: str) -> pd.Series:
    keys = {"product": product, "layer": layer, "period": period}
    return table[(table[list(keys)] == pd.Series(keys)).all(axis=1)].iloc[0]


def _span(low: float, high: float, places: int = 3) -> str:
    return f"[{_number(low, places)}, {_number(high, places)}]"


def _number(value: float, places: int = 3, sign: str = "") -> str:
    """Rounded, with a minus sign, and none where it rounds to zero."""
    return f"{round(float(value), places) + 0.0:{sign}.{places}f}".replace("-", "−")
