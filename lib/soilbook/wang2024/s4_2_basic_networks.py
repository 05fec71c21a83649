"""Section 4.2 of Wang et al. (2024): 1D-CNN, LSTM and Transformer; Table 3 and Fig 9."""

from functools import partial

from soilbook.wang2024 import runs

# As ``Page.table`` and ``Page.figure`` take them.
table_3 = partial(runs.table_of_r2, "3")
table_3b = partial(runs.table_at_lead, "3")
fig_9 = partial(runs.fig_of_rmse, "9")
