"""Section 4.3 of Wang et al. (2024): CNN and LSTM joined in three ways; Table 4 and Fig 10."""

from functools import partial

from soilbook.wang2024 import runs

# As ``Page.table`` and ``Page.figure`` take them.
table_4 = partial(runs.table_of_r2, "4")
table_4b = partial(runs.table_at_lead, "4")
fig_10 = partial(runs.fig_of_rmse, "10")
