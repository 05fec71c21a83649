"""What models gain over persistence, by depth and lead."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

from soilbook.figures.style import style

LARGEST = 0.1  # differences of R2 beyond this share the last colour


def heatmap(gains: xr.Dataset, level: float = 0.05):
    """Rows are models, columns depths and leads; needs ``gain`` and ``p`` (model, depth, lead).

    A dot marks a corrected p under ``level``.
    """
    table = gains["gain"].stack(cell=("depth", "lead")).transpose("model", "cell")
    p = gains["p"].stack(cell=("depth", "lead")).transpose("model", "cell").values
    n_models, n_cells = table.shape
    with style():
        figure, axis = plt.subplots(figsize=(9.5, 0.33 * n_models + 1.5))
        axis.grid(False)
        image = axis.imshow(table.values, cmap="RdBu", vmin=-LARGEST, vmax=LARGEST, aspect="auto")
        for row, column in np.ndindex(n_models, n_cells):
            value = table.values[row, column]
            sure = "\u2022" if p[row, column] < level else ""
            text = f"{value:+.3f}{sure}" if value > -1 else f"{value:+.0f}{sure}"
            pale = abs(value) < 0.6 * LARGEST
            axis.text(
                column, row, text, ha="center", va="center", fontsize=6.5,
                color="black" if pale else "white",
            )  # fmt: skip
        labels = [f"{depth:.2f} m\n{lead} d" for depth, lead in table["cell"].values]
        axis.set_xticks(range(n_cells), labels, fontsize=7)
        axis.set_yticks(range(n_models), table["model"].values)
        figure.colorbar(image, label="R$^2$ minus R$^2$ of persistence", extend="both")
    return figure
