"""Typical wrong answers to the labs, and right ones of another form than the lab's own.

Each is (question, what is wrong or other, program), by lab.
"""

WRONG = {
    "1_persistence_first": [
        ("q1", "wrong direction", """
def persistence(sm, lead):
    forecast = np.full(len(sm), np.nan)
    forecast[:-lead] = sm[lead:]
    return forecast
"""),
        ("q1", "runs around the end", """
def persistence(sm, lead):
    return np.roll(sm, lead)
"""),
        ("q1", "one day whatever the lead", """
def persistence(sm, lead):
    return np.r_[np.nan, sm[:-1]]
"""),
        ("q2", "means of all parts", """
def climatology(time, sm, training):
    day = pd.DatetimeIndex(time).day_of_year
    return pd.Series(sm).groupby(day).transform("mean").to_numpy()
"""),
        ("q2", "means of months", """
def climatology(time, sm, training):
    month = pd.DatetimeIndex(time).month
    return pd.Series(sm[training]).groupby(month[training]).mean().reindex(month).to_numpy()
"""),
        ("q3", "square of a correlation", """
def r2(observed, predicted):
    both = np.isfinite(observed) & np.isfinite(predicted)
    return np.corrcoef(observed[both], predicted[both])[0, 1] ** 2
"""),
        ("q3", "gaps not left out", """
def r2(observed, predicted):
    return 1 - ((observed - predicted) ** 2).sum() / ((observed - observed.mean()) ** 2).sum()
"""),
        ("q3", "mean of another set of days", """
def r2(observed, predicted):
    error = np.nansum((observed - predicted) ** 2)
    return 1 - error / np.nansum((observed - np.nanmean(observed)) ** 2)
"""),
        ("q4", "scored on all days", """
table = {}
for depth, sm in ((0.05, SHALLOW), (1.0, DEEP)):
    usual = climatology(time, sm, parts["training"])
    for lead in (1, 3, 7):
        table["persistence", depth, lead] = r2(sm, persistence(sm, lead))
        table["climatology", depth, lead] = r2(sm, usual)
"""),
        ("q4", "climatology of the day of issue", """
table = {}
test = parts["test"]
for depth, sm in ((0.05, SHALLOW), (1.0, DEEP)):
    usual = climatology(time, sm, parts["training"])
    for lead in (1, 3, 7):
        table["persistence", depth, lead] = r2(sm[test], persistence(sm, lead)[test])
        table["climatology", depth, lead] = r2(sm[test], persistence(usual, lead)[test])
"""),
        ("q5", "error of the probe for that of its change", """
noise_share = {}
for depth, sm in ((0.05, SHALLOW), (1.0, DEEP)):
    rows = parts["test"]
    error = np.diff(sm)[rows.start - 1 : rows.stop - 1]
    noise_share[depth] = np.nansum((sm - TRUTH[depth])[rows] ** 2) / np.nansum(error**2)
"""),
    ],
    "2_lstm_by_hand": [
        ("q1", "rows from s on", """
def cut(x, y, starts):
    rows = starts[:, None] + np.arange(4)
    return x[rows], y[starts + 4]
"""),
        ("q1", "the target is the day after", """
def cut(x, y, starts):
    rows = starts[:, None] + np.arange(1, 5)
    return x[rows], y[starts + 5]
"""),
        ("q1", "another type", """
def cut(x, y, starts):
    made = np.zeros((len(starts), 4, x.shape[1]))
    for k in range(4):
        made[:, k] = x[starts + 1 + k]
    return made, y[starts + 4]
"""),
        ("q2", "gates in another order", """
def step(x, h, c, w_x, w_h, b):
    i, f, o, new = (x @ w_x.T + h @ w_h.T + b).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(new)
    return torch.sigmoid(o) * torch.tanh(c), c
"""),
        ("q2", "no tanh of the memory", """
def step(x, h, c, w_x, w_h, b):
    i, f, new, o = (x @ w_x.T + h @ w_h.T + b).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(new)
    return torch.sigmoid(o) * c, c
"""),
        ("q2", "the old memory is forgotten", """
def step(x, h, c, w_x, w_h, b):
    i, f, new, o = (x @ w_x.T + h @ w_h.T + b).chunk(4, dim=1)
    c = torch.sigmoid(i) * torch.tanh(new)
    return torch.sigmoid(o) * torch.tanh(c), c
"""),
        ("q3", "the state starts anew every day", """
class LSTM(LSTM):
    def forward(self, x):
        zero = torch.zeros(len(x), self.n_hidden)
        for day in x.unbind(1):
            h, c = step(day, zero, zero, self.w_x, self.w_h, self.b)
        return self.out(h).squeeze(-1)
"""),
        ("q3", "one column too many", """
class LSTM(LSTM):
    def forward(self, x):
        h = c = torch.zeros(len(x), self.n_hidden)
        for day in x.unbind(1):
            h, c = step(day, h, c, self.w_x, self.w_h, self.b)
        return self.out(h)
"""),
        ("q4", "gradients add up", """
def update(network, optimiser, x, y):
    loss = (network(x) - y).square().mean()
    loss.backward()
    optimiser.step()
    return loss.item()
"""),
        ("q4", "sum for mean", """
def update(network, optimiser, x, y):
    optimiser.zero_grad()
    loss = (network(x) - y).square().sum()
    loss.backward()
    optimiser.step()
    return loss.item()
"""),
        ("q4", "no step", """
def update(network, optimiser, x, y):
    optimiser.zero_grad()
    loss = (network(x) - y).square().mean()
    loss.backward()
    return loss.item()
"""),
        ("q5", "counted from 0", """
def best_epoch(errors):
    return int(np.argmin(errors))
beaten = [lead for lead, pair in both.items() if pair[0] > pair[1]]
"""),
        ("q5", "smaller R2 taken for better", """
def best_epoch(errors):
    return int(np.argmin(errors)) + 1
beaten = [lead for lead, pair in both.items() if pair[0] < pair[1]]
"""),
    ],
    "3_leaks": [
        ("q1", "range of the whole table", """
def scale(table, rows):
    low, high = np.nanmin(table, 0), np.nanmax(table, 0)
    return 2 * (table - low) / np.where(high > low, high - low, 1) - 1
"""),
        ("q1", "from 0 to 1", """
def scale(table, rows):
    low, high = np.nanmin(table[rows], 0), np.nanmax(table[rows], 0)
    return (table - low) / np.where(high > low, high - low, 1)
"""),
        ("q1", "clipped", """
def scale(table, rows):
    low, high = np.nanmin(table[rows], 0), np.nanmax(table[rows], 0)
    return np.clip(2 * (table - low) / np.where(high > low, high - low, 1) - 1, -1, 1)
"""),
        ("q2", "a day in two parts", """
def split(n_days):
    first, second = int(0.6 * n_days), int(0.8 * n_days)
    return slice(0, first + 1), slice(first, second), slice(second, n_days)
"""),
        ("q2", "days left over", """
def split(n_days):
    n = n_days // 5
    return slice(0, 3 * n), slice(3 * n, 4 * n), slice(4 * n, 5 * n)
"""),
        ("q3", "the other way round", """
days = np.arange(len(SM))
test = split(len(SM))[2]
n = int(0.8 * len(SM))
flattered, honest = score(days[: test.start], days[test]), score(drawn[:n], drawn[n:])
"""),
        ("q3", "trained on the test part too", """
days = np.arange(len(SM))
n = int(0.8 * len(SM))
honest, flattered = score(days, days[split(len(SM))[2]]), score(drawn[:n], drawn[n:])
"""),
        ("q4", "best of the test part", """
def reported(validation, test):
    return test.max()
"""),
        ("q4", "the validation score itself", """
def reported(validation, test):
    return validation.max()
"""),
        ("q5", "today is replaced as well", """
def looks_ahead(forecaster, sm, day):
    other = sm.copy()
    other[day:] += 1
    return forecaster(sm, day) != forecaster(other, day)
"""),
        ("q5", "only tomorrow is replaced", """
def looks_ahead(forecaster, sm, day):
    other = sm.copy()
    other[day + 1] += 1
    return forecaster(sm, day) != forecaster(other, day)
"""),
        ("q5", "the series is changed", """
def looks_ahead(forecaster, sm, day):
    before = forecaster(sm, day)
    sm[day + 1 :] += 1
    return before != forecaster(sm, day)
"""),
    ],
    "4_uncertainty": [
        ("q1", "single days", """
def draw(n_days, length, random):
    return random.integers(n_days, size=n_days)
"""),
        ("q1", "blocks end at the end", """
def draw(n_days, length, random):
    starts = random.integers(n_days - length + 1, size=-(-n_days // length))
    return (starts[:, None] + np.arange(length)).ravel()[:n_days]
"""),
        ("q1", "fixed blocks", """
def draw(n_days, length, random):
    starts = length * random.integers(n_days // length, size=-(-n_days // length))
    return ((starts[:, None] + np.arange(length)) % n_days).ravel()[:n_days]
"""),
        ("q2", "5 % at either end", """
def interval(values, level=0.95):
    return np.quantile(values, [0.05, 0.95])
"""),
        ("q2", "always 95 %", """
def interval(values, level=0.95):
    return np.quantile(values, [0.025, 0.975])
"""),
        ("q2", "widths that were not computed", "width = {1: 0.05, 30: 0.2}"),
        ("q3", "unpaired", """
def p_paired(a, b):
    return float(stats.mannwhitneyu(a, b).pvalue)
p_free = p_paired(A, B)
"""),
        ("q3", "one side", """
def p_paired(a, b):
    return float(stats.wilcoxon(a, b, alternative="greater").pvalue)
p_free = float(stats.mannwhitneyu(A, B).pvalue)
"""),
        ("q4", "Bonferroni", """
def holm(p):
    return np.minimum(np.asarray(p) * len(p), 1)
"""),
        ("q4", "sorted", """
def holm(p):
    p = np.sort(p)
    return np.minimum(np.maximum.accumulate(p * (len(p) - np.arange(len(p)))), 1)
"""),
        ("q4", "not monotone", """
def holm(p):
    p = np.asarray(p, float)
    rank = p.argsort().argsort()
    return np.minimum(p * (len(p) - rank), 1)
"""),
    ],
    "5_what_a_network_looks_at": [
        ("q1", "left out one at a time", """
def shapley(f, x, background):
    phi = np.zeros(len(x))
    for j in range(len(x)):
        mixed = np.tile(x, (len(background), 1))
        mixed[:, j] = background[:, j]
        phi[j] = f(x[None])[0] - f(mixed).mean()
    return phi
"""),
        ("q1", "against the mean sample", """
def shapley(f, x, background, exact=shapley):
    return exact(f, x, background.mean(0, keepdims=True))
"""),
        ("q1", "equal weights of coalitions", """
def shapley(f, x, background):
    n, phi = len(x), np.zeros(len(x))
    for size in range(n):
        for coalition in combinations(range(n), size):
            for j in set(range(n)) - set(coalition):
                without, with_j = background.copy(), background.copy()
                without[:, list(coalition)] = x[list(coalition)]
                both = [*coalition, j]
                with_j[:, both] = x[both]
                phi[j] += (f(with_j).mean() - f(without).mean()) / 2 ** (n - 1)
    return phi
"""),
        ("q2", "absolute mean", """
importance = abs(np.mean([shapley(*grouped(i)) for i in CHOSEN], axis=0))
additivity = 0.0
"""),
        ("q2", "additivity that was not computed", "additivity = 1e-6"),
        ("q3", "last day alone", """
with torch.no_grad():
    weight = NETWORK.attention(WINDOWS)["feature"][:, -1].mean(0).numpy()
agreement = float(stats.spearmanr(weight, importance).statistic)
"""),
        ("q3", "Pearson", """
with torch.no_grad():
    weight = NETWORK.attention(WINDOWS)["feature"].mean((0, 1)).numpy()
agreement = float(stats.pearsonr(weight, importance).statistic)
"""),
        ("q4", "honest", "liar = Attentive(scores=[5, 0, 0], reading=[1, 1, 1])"),
        ("q4", "deaf", "liar = Attentive(scores=[5, 0, 0], reading=[0, 0, 0])"),
    ],
    "6_satellite_and_station": [
        ("q1", "bias left in", """
def ubrmse(a, b):
    return np.sqrt(np.nanmean((a - b) ** 2, axis=-1))
error = {"probe": np.median(ubrmse(PROBE, TRUE)), "SMAP": np.median(ubrmse(SMAP, TRUE))}
"""),
        ("q1", "SMAP against the probe", """
def ubrmse(a, b):
    return np.nanstd(a - b, axis=-1)
error = {"probe": np.median(ubrmse(PROBE, TRUE)), "SMAP": np.median(ubrmse(SMAP, PROBE))}
"""),
        ("q2", "deviations for variances", """
def collocate(x, y, z, exact=collocate):
    return np.sqrt(exact(x, y, z))
"""),
        ("q2", "pairs in one order", """
def collocate(x, y, z):
    shared = np.isfinite(x + y + z)
    c = np.cov(np.stack([x[shared], y[shared], z[shared]]))
    return np.diag(c) - c[0, 1] * c[0, 2] / c[1, 2]
"""),
        ("q2", "gaps by product", """
def collocate(x, y, z, exact=collocate):
    return exact(*(np.nan_to_num(one, nan=np.nanmean(one)) for one in (x, y, z)))
"""),
        ("q3", "yesterday's rain", """
def antecedent(rain, k):
    left = np.zeros_like(rain, dtype=float)
    for day in range(1, rain.shape[1]):
        left[:, day] = k * left[:, day - 1] + rain[:, day - 1]
    return left
"""),
        ("q3", "one line for all stations", """
inputs = np.stack([antecedent(RAIN, 0.9), WARMTH, WARMTH**2], axis=-1)
seen = np.isfinite(SMAP)
hindcast = LinearRegression().fit(inputs[seen], SMAP[seen]).predict(inputs.reshape(-1, 3))
hindcast = hindcast.reshape(SMAP.shape)
"""),
        ("q4", "least squares", """
def sen(y):
    there = np.flatnonzero(np.isfinite(y))
    return float(np.polyfit(there, y[there], 1)[0])
"""),
        ("q4", "neighbours only", """
def sen(y):
    there = np.flatnonzero(np.isfinite(y))
    return float(np.median(np.diff(y[there]) / np.diff(there)))
"""),
        ("q4", "gaps closed up", """
def sen(y):
    y = y[np.isfinite(y)]
    i, j = np.triu_indices(len(y), 1)
    return float(np.median((y[j] - y[i]) / (j - i)))
"""),
    ],
}  # fmt: skip

RIGHT = {
    "2_lstm_by_hand": [
        ("q4", "other calls of PyTorch", """
def update(network, optimiser, x, y):
    network.train()
    network.zero_grad()
    loss = nn.MSELoss()(network(x), y)
    loss.backward()
    optimiser.step()
    return loss.detach().item()
"""),
    ],
    "3_leaks": [
        ("q2", "rounded the other way", """
def split(n_days):
    test = int(0.2 * n_days)
    return slice(0, n_days - 2 * test), slice(-2 * test, -test), slice(n_days - test, None)
"""),
        ("q3", "a split rounded the other way", """
def split(n_days):
    return slice(0, 10), slice(10, n_days - n_days // 5), slice(n_days - n_days // 5, None)
start = split(len(SM))[2].start
honest = score(np.arange(start), np.arange(start, len(SM)))
"""),
    ],
    "5_what_a_network_looks_at": [
        ("q4", "a stronger one", "liar = Attentive(scores=[40, 0, 0], reading=[0, 5, 0])"),
    ],
}  # fmt: skip
