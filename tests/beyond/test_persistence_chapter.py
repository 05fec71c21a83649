"""Where persistence stands against what is printed, and who gains most over it."""

from soilbook.beyond import persistence


def test_persistence_against_print_counts_printed_models(made):
    names = ("persistence", "climatology", "1D-CNN", "LSTM", "Transformer")
    scores = made(dict(zip(names, (0.9, -0.2, 0.93, 0.95, 0.92), strict=True)))
    table = persistence.persistence_against_print(scores)
    deep = table[(table["depth_m"] == 0.5) & (table["lead_d"] == 7)].iloc[0]
    assert deep["best printed model"] == "GAN-LSTM"
    assert deep["printed models below persistence"] == deep["printed models"] == 13
