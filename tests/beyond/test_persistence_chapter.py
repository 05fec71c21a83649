"""Where persistence stands against what is printed, and who gains most over it."""

import matplotlib.pyplot as plt

from soilbook.beyond import persistence
from soilbook.wang2024 import runs


def test_persistence_against_print_counts_printed_models(made):
    names = ("persistence", "climatology", "1D-CNN", "LSTM", "Transformer")
    scores = made(dict(zip(names, (0.9, -0.2, 0.93, 0.95, 0.92), strict=True)))
    table = persistence.persistence_against_print(scores)
    deep = table[(table["depth_m"] == 0.5) & (table["lead_d"] == 7)].iloc[0]
    assert deep["best printed model"] == "GAN-LSTM"
    assert deep["printed models below persistence"] == deep["printed models"] == 13


def test_the_best_network_of_each_cell_is_named_with_its_gain(made):
    result = made({"persistence": 0.9, "climatology": 0.99, "LSTM": 0.95, "1D-CNN": 0.8})
    result["site_r2"].loc[{"model": "1D-CNN", "depth": 1.0, "lead": 7}] = 0.97
    best = persistence.best_against_persistence(runs.gains(result))
    assert len(best) == 15
    named = best.set_index(["depth_m", "lead_d"])
    assert named.loc[(1.0, 7), "model"] == "1D-CNN"
    assert set(named.drop((1.0, 7))["model"]) == {"LSTM"}
    assert best["gain"].between(0.045, 0.075).all()


def test_a_loss_beyond_chance_is_no_gain_beyond_chance(made):
    """The best network is hardly above persistence, the other far below."""
    result = made({"persistence": 0.9, "LSTM": 0.9, "1D-CNN": 0.5}, n_sites=16)
    gains = runs.gains(result)
    gains["gain"].loc[{"model": "LSTM"}], gains["p"].loc[{"model": "LSTM"}] = 0.001, 0.4
    assert (gains["p"].sel(model="1D-CNN") < 0.05).all()
    table = persistence.against_persistence(gains, gains)
    assert table["why"].str.contains("15 of 15 depths and leads .*, 0 beyond chance").all()


def test_figures_of_gains_bear_the_name_of_what_is_predicted(made):
    number, figure, gains, caption = persistence.fig_of_gains(
        "change", made({"persistence": 0.9, "LSTM": 0.95})
    )
    plt.close(figure)
    assert number == "P_change" and "that predict the change;" in caption
    assert gains["model"].values.tolist() == ["LSTM"]
