"""What a page shows, and the files it leaves."""

import base64
import hashlib
import json
import re
import subprocess
import sys

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.text import Text

from soilbook import claims
from soilbook.book import page, tables
from soilbook.book.page import Page, csv, tidy
from soilbook.errors import ParameterError, SoilbookError
from soilbook.plots import style
from soilbook.settings import Checked
from soilbook.wang2024.experiment import Experiment

NAME = "wang2024/s4_2_basic_networks"
SCORES = pd.DataFrame(
    {
        "model": ["LSTM", "<i>mine</i>"],
        "depth_m": [0.05, 1.0],
        "lead_d": [1, 7],
        "r2": [0.91234567, np.nan],
        "r2_published": [0.9, -np.inf],
    }
)


class Shown(list):
    """HTML of everything displayed, and in ``outputs`` the whole of it: data and metadata."""

    def __init__(self):
        super().__init__()
        self.outputs = []

    def display(self, data, raw, metadata=None):
        assert raw and data["text/plain"].strip()
        self.append(data.get("text/html", ""))
        self.outputs.append((data, metadata or {}))

    @property
    def myst(self) -> str:
        """What the book shows of the last output."""
        return self.outputs[-1][1]["soilbook"]["myst"]


@pytest.fixture
def shown(monkeypatch) -> Shown:
    made = Shown()
    monkeypatch.setattr(page, "display", made.display)
    return made


@pytest.fixture
def made(project, shown) -> Page:
    return Page(NAME, {"data": "twin", "profile": "smoke", "sites": ["Kingston-1-W"], "seed": 1})


def left(project, name: str, content: str) -> None:
    """A file of the committed reference run of the chapter."""
    file = project.root / "book/reference/observed" / NAME / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


def test_parameters_are_checked_before_anything_else(project, shown):
    with pytest.raises(ParameterError, match="unknown site 'Nowhere'"):
        Page(NAME, {"data": "twin", "sites": ["Nowhere"]})
    assert shown == [] and not (project.root / "results").exists()


def test_untyped_values_of_papermill_are_typed_as_the_cell_says(project, shown):
    cell = "models: list[str] = []\ndepths: list[float] = []\nseed: int = 0\nfast: bool = False\n"
    project.add(NAME, "1", parameters=f'data: str = "twin"\n{cell}')
    names = {"__name__": "__main__", "models": "LSTM", "depths": 0.05, "seed": 1000.0, "other": {}}
    made = Page(NAME, names)
    typed = {"models": ["LSTM"], "depths": [0.05], "seed": 1000, "fast": False}
    assert made.parameters == {"data": "twin", **typed}
    assert type(made.parameters["seed"]) is int
    assert names == {"__name__": "__main__", "other": {}, "data": "twin", **typed}
    with pytest.raises(ParameterError, match="unknown model 'GRU'"):
        Page(NAME, {"__name__": "__main__", "models": "GRU"})


def test_values_under_plain_papermill_are_typed_as_the_cell_says(project, tmp_path):
    cell = "models: list[str] = []\nseed: int = 0\nfast: bool = False\n"
    made = "from soilbook.book.page import Page\npage = Page('beyond/one', globals())"
    file = project.add("beyond/one", made, "print(models, seed, fast)", parameters=cell)
    given = ["-p", "models", "LSTM", "-p", "seed", "1e3", "-p", "fast", "True"]
    program = [sys.executable, "-m", "papermill", str(file), str(tmp_path / "out.ipynb"), *given]
    subprocess.run([*program, "-k", "python3", "--no-progress-bar"], check=True)
    executed = nbformat.read(tmp_path / "out.ipynb", 4)
    assert executed.cells[-1].outputs[0].text == "['LSTM'] 1000 True\n"


def test_settings_take_the_parameters_that_they_have_fields_for(made):
    class Some(Checked):
        seed: int
        profile: str
        more: int = 0

    assert made.settings(Some, more=2) == Some(seed=1, profile="smoke", more=2)


def test_twin_is_labelled_and_its_link_only_in_the_book(made, shown, monkeypatch, project):
    assert "Synthetic data (twin)" in shown[0] and "<a " not in shown[0]
    monkeypatch.setenv("SOILBOOK_RUN", "1")
    Page(NAME, {"data": "twin"})
    assert 'href="../../data_and_tracks.html"' in shown[-1]


@pytest.mark.observed
def test_observed_names_its_sources(project, shown, observed_folder, monkeypatch):
    monkeypatch.setenv("SOILBOOK_DATA", str(observed_folder))
    Page(NAME, {"data": "observed"})
    assert "NOAA U.S. Climate Reference Network" in shown[0] and "Synthetic" not in shown[0]
    assert "SMAP" not in shown[0]
    Page("fang2019/s2_a_data", {"data": "observed"})
    assert "SMAP" in shown[1]


def test_folder_of_results(made, project, monkeypatch, tmp_path):
    assert made.folder == project.root / "results/twin/smoke" / NAME
    monkeypatch.setenv("SOILBOOK_OUT", str(tmp_path / "elsewhere"))
    assert Page(NAME, {}).folder == tmp_path / "elsewhere"


def test_table_is_kept_shown_and_downloadable(made, shown):
    made.table("M3", SCORES, "R2 of <all> & more")
    kept = (made.folder / "table_M3.csv").read_bytes()
    assert kept.decode().splitlines()[:2] == [
        "model,depth_m,lead_d,r2,r2_published",
        "LSTM,0.05,1,0.9123457,0.9",
    ]
    markup = shown[-1]
    assert "Table M3." in markup and "R2 of &lt;all&gt; &amp; more" in markup
    assert "&lt;i&gt;mine" in markup and "<i>mine" not in markup
    assert "<td>0.05</td>" in markup and "<td>0.912</td>" in markup and "<td>–</td>" in markup
    assert "depth (m)" in markup and "R² published" in markup
    assert shown.outputs[-1][1]["soilbook"]["files"] == ["table_M3.csv"]
    assert "**Table M3.** R2 of \\<all\\> \\& more" in shown.myst
    assert "`data (CSV) <s4_2_basic_networks/table_M3.csv>`" in shown.myst
    assert '<span id="table-m3"' in shown.myst and "tab-set" not in shown.myst


def test_the_observed_reference_is_the_first_tab_of_a_run_on_the_twin(made, shown, project):
    left(project, "table_M3.csv", "model,r2\nLSTM,0.777\n")
    made.table("M3", pd.DataFrame({"model": ["LSTM"], "r2": [0.1]}), "R2")
    first, second = shown.myst.split("{tab-item}")[1:]
    assert first.startswith(" Observed reference") and "0.777" in first and "0.10" not in first
    assert second.startswith(" This run: synthetic data (twin), profile smoke")
    assert "0.10" in second and "0.777" not in second
    assert "soilbook-observed" in first and "soilbook-twin" in second
    assert "../../reference/observed/wang2024/s4_2_basic_networks/table_M3.csv" in first
    assert "0.777" not in shown[-1], "in JupyterLab the run speaks for itself"


@pytest.mark.observed
def test_a_run_on_observed_data_shows_itself_first(
    project, shown, observed_folder, monkeypatch, made
):
    monkeypatch.setenv("SOILBOOK_DATA", str(observed_folder))
    left(project, "table_M3.csv", "model,r2\nLSTM,0.777\n")
    observed = Page(NAME, {"data": "observed"})
    observed.table("M3", pd.DataFrame({"model": ["LSTM"], "r2": [0.1]}), "R2")
    first, second = shown.myst.split("{tab-item}")[1:]
    assert first.startswith(" This run: observed data") and second.startswith(" Observed reference")


def test_a_product_that_is_the_same_in_both_runs_has_no_tabs(made, shown, project):
    frame = pd.DataFrame({"model": ["LSTM"], "r2": [0.5]})
    left(project, "table_M3.csv", csv(frame).decode())
    made.table("M3", frame, "R2")
    assert "tab-set" not in shown.myst and "soilbook-only" in shown.myst


def test_the_layout_of_a_table_is_that_of_both_runs(made, shown, project):
    left(project, "table_M3.csv", "model,r2\nLSTM,0.777\n")
    frame = pd.DataFrame({"model": ["LSTM"], "r2": [0.1]})
    made.table("M3", frame, "x", shown=lambda one: one.assign(twice=2 * one["r2"]))
    first, second = shown.myst.split("{tab-item}")[1:]
    assert "<td>1.554</td>" in first and "<td>0.20</td>" in second
    left(project, "table_M3.csv", "other\nolder\n")
    made.table("M3", frame, "x", shown=lambda one: one.assign(twice=2 * one["r2"]))
    assert "<td>older</td>" in shown.myst


def test_a_column_has_no_more_decimals_than_its_values(made, shown):
    table = {
        "sand": [85.0, np.nan],
        "depth_m": [0.05, 0.1],
        "r2": [0.9, 0.912345],
        "rmse": [0.03, 0.0412345],
        "lead_d": [1, 3],
    }
    made.table("3", pd.DataFrame(table), "x")
    cells = re.findall(r"<td>(.*?)</td>", shown[-1])
    assert cells == ["85", "0.05", "0.900", "0.0300", "1", "–", "0.10", "0.912", "0.0412", "3"]


def test_a_comparison_is_shown_short_and_kept_whole(made, shown):
    row = [0.01, 0.011, 0.002, 0.02, 0.01, 0.03, 9, 8, "better", ""]
    names = ["difference", "pseudomedian", "low", "high", "p", "p_corrected", "n_sites", "n_better"]
    frame = pd.DataFrame([["a", *row]], columns=["model", *names, "verdict", "reason"])
    made.comparison("3c", frame, "Paired")
    assert "+0.010 [+0.002, +0.020]" in shown[-1] and "8 of 9" in shown[-1]
    assert "pseudomedian" in (made.folder / "table_3c.csv").read_text()
    assert "pseudomedian" not in shown[-1].split("href")[0]


def test_table_may_be_shown_in_another_layout(made, shown):
    wide = pd.DataFrame(
        [["0.912 [0.90, 0.92]\n0.900 and a text longer than fifty characters in all"]],
        index=pd.Index(["0.05 m"], name="depth"),
        columns=pd.MultiIndex.from_tuples([("LSTM", "1 d")]),
    )
    made.table("3", SCORES, "R2", shown=wide)
    assert "longer than fifty characters in all</td>" in shown[-1] and "0.05 m" in shown[-1]
    assert "mine" in (made.folder / "table_3.csv").read_text()
    made.table("3b", wide, "R2")
    assert (made.folder / "table_3b.csv").read_text().startswith("depth,LSTM 1 d\n")


def test_figure_is_kept_with_its_data_and_closed(made, shown):
    figure, axis = plt.subplots(figsize=(6, 2))
    axis.plot([1, 2, 3], label="LSTM")
    axis.set(xlabel="lead (d)", ylabel="RMSE")
    axis.legend()
    made.figure("9", figure, {"rmse": SCORES, "cost": SCORES[["model"]]}, 'Mean "RMSE" < 1')
    assert not plt.fignum_exists(figure.number)
    svg = (made.folder / "fig_9.svg").read_text()
    assert "<svg" in svg and "<dc:date>" not in svg
    data = pd.read_csv(made.folder / "fig_9.csv")
    assert list(data["panel"]) == ["rmse", "rmse", "cost", "cost"]
    data, metadata = shown.outputs[-1]
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    told = metadata["image/png"]
    assert all(word in told["alt"] for word in ("1 panel with lines", "lead (d)", "RMSE", "LSTM"))
    assert 500 < told["width"] < 700  # six inches at screen resolution, less the trimmed margin
    assert '**Figure 9.** Mean "RMSE" \\< 1' in shown.myst
    assert ":name: wang2024-s4-2-basic-networks-fig-9" in shown.myst
    assert "{figure} s4_2_basic_networks/fig_9.svg" in shown.myst
    assert metadata["soilbook"]["files"] == ["fig_9.csv", "fig_9.svg"]


def test_the_text_alternative_may_be_written_by_hand(made, shown):
    figure, axis = plt.subplots()
    axis.plot([1, 2])
    made.figure("9", figure, SCORES, "caption", alt='Errors grow with "lead".')
    assert shown.outputs[-1][1]["image/png"]["alt"] == 'Errors grow with "lead".'
    assert ':alt: "Errors grow with \\"lead\\"."' in shown.myst


def test_the_picture_of_the_reference_is_the_first_tab(made, shown, project):
    left(project, "fig_9.svg", "<svg/>")
    left(project, "fig_9.csv", "x\n1\n")
    told = {"products": {"fig-9": {"caption": "Of real soil", "alt": "Seen on real soil"}}}
    left(project, "provenance.json", json.dumps(told))
    figure, axis = plt.subplots()
    axis.plot([1, 2])
    made.figure("9", figure, SCORES, "Of this run")
    first, second = shown.myst.split("{tab-item}")[1:]
    assert "{figure} ../../reference/observed/wang2024/s4_2_basic_networks/fig_9.svg" in first
    assert "Of real soil" in first and "Seen on real soil" in first and "Of this run" in second


def test_a_large_picture_is_shown_as_pixels(made, shown, monkeypatch):
    monkeypatch.setattr(page, "LARGEST_PICTURE", 100)
    figure, axis = plt.subplots()
    axis.plot([1, 2])
    made.figure("9", figure, SCORES, "x")
    assert (made.folder / "fig_9.png").is_file() and (made.folder / "fig_9.svg").is_file()
    assert "{figure} s4_2_basic_networks/fig_9.png" in shown.myst


def test_a_figure_is_told_in_words():
    figure, axes = plt.subplots(1, 3)
    axes[0].bar([1, 2], [3, 4], label="LSTM")
    axes[0].set(title="(a) bars", ylabel="RMSE (m$^3$ m$^{-3}$)")
    axes[0].legend()
    axes[1].imshow([[1, 2], [3, 4]])
    axes[2].set_axis_off()
    assert style.described(figure) == (
        "2 panels with bars, a coloured grid. titles: (a) bars. y axis: RMSE (m³ m⁻³). "
        "series: LSTM."
    )
    plt.close(figure)


def test_text_of_a_figure_is_at_least_eight_points_on_the_page():
    figure, axes = plt.subplots(1, 2, figsize=(16.4, 3))
    axes[0].plot([1, 2], label="a")
    axes[0].legend(fontsize=5)
    axes[0].set_title("t", fontsize=4)
    axes[1].tick_params(labelsize=3)
    style.legible(figure)
    figure.canvas.draw()
    shrunk = style.PAGE / figure.get_figwidth()
    texts = [text for text in figure.findobj(Text) if text.get_text().strip()]
    assert len(texts) > 10
    assert min(text.get_fontsize() for text in texts) * shrunk >= style.SMALLEST - 1e-9


def test_same_figure_twice_gives_the_same_bytes(made):
    for name in ("a", "b"):
        figure, axis = plt.subplots()
        axis.scatter([1, 2], [3, 4], clip_on=True)
        made.figure(name, figure, SCORES, "x")
    files = [(made.folder / f"fig_{name}.svg").read_bytes() for name in ("a", "b")]
    assert files[0] == files[1]


def test_data_behind_a_figure_become_one_tidy_table():
    array = xr.DataArray([[1.0, 2.0]], {"depth": [0.05], "lag": [1, 2]}, name="r")
    assert list(tidy(array).columns) == ["depth", "lag", "r"]
    unlike = xr.Dataset({"r": array, "mean": ("depth", [3.0])})
    frame = tidy(unlike)
    assert len(frame) == 3 and set(frame["variable"]) == {"r", "mean"}
    assert frame.set_index("variable").loc["mean", "value"] == 3.0
    assert csv(tidy({"a": array, "b": array})).decode().splitlines()[0] == "panel,depth,lag,r"


def claimed(*verdicts: str) -> pd.DataFrame:
    row = ("LSTM is best", 0.9, 0.95, 0.94, 0.96)
    rows = [(*row, verdict, "because <so>", "none holds") for verdict in verdicts]
    return pd.DataFrame(rows, columns=page.CLAIMS)


@pytest.mark.parametrize(
    ("track", "other"), [("twin", claims.OBSERVED_ONLY), ("observed", claims.TWIN_ONLY)]
)
def test_claims_carry_sign_word_and_reason_and_only_words_of_their_track(made, shown, track, other):
    made.data = track
    own = [one for one in tables.VERDICTS if one not in other]
    open_end = claimed("cannot tell").assign(published="first", low=np.nan, high=np.nan)
    made.claims(pd.concat([claimed(*own), open_end], ignore_index=True))
    assert len(pd.read_csv(made.folder / "claims.csv")) == len(own) + 1
    markup = shown[-1]
    for verdict in own:
        assert f"{tables.VERDICTS[verdict][0]} {verdict}</td>" in markup
    assert "0.940 to 0.960" in markup and "because &lt;so&gt; (not, if: none holds)" in markup
    assert ">–</td>" in markup and "nan" not in markup
    for verdict in other:
        with pytest.raises(ValueError, match=f"verdicts of {track} data, not {{'{verdict}'}}"):
            made.claims(claimed(verdict))


@pytest.mark.parametrize(
    "frame",
    [claimed("maybe"), claimed("note").drop(columns="verdict"), claimed("note").iloc[:, :7]],
)
def test_claims_of_another_form_are_refused(made, frame):
    with pytest.raises(ValueError, match="claims need the columns"):
        made.claims(frame)


def test_a_data_file_is_left_and_named_but_not_shown_as_a_table(made, shown):
    made.data_file("sites", SCORES, "Scores of every site:")
    assert len(pd.read_csv(made.folder / "sites.csv")) == len(SCORES)
    assert "Scores of every site:" in shown.myst and "sites.csv" in shown.myst
    assert "<table" not in shown.myst


def test_stamp_tells_what_made_the_page(made, shown):
    made.table("3", SCORES, "x")
    made.stamp()
    kept = json.loads((made.folder / "provenance.json").read_text())
    assert kept["chapter"] == NAME and kept["parameters"]["seed"] == 1
    assert kept["data"]["track"] == "twin" and len(kept["data"]["fingerprint"]) == 64
    assert {"python", "soilbook", "torch", "numpy", "xarray"} <= set(kept["versions"])
    assert list(kept["files"]) == ["table_3.csv"] and kept["duration_s"] >= 0
    assert kept["products"] == {"table-3": {"caption": "x"}}
    assert "seed=1" in shown[-1] and kept["versions"]["torch"] in shown[-1]
    assert "@misc{soilbook-wang2024-s4-2-basic-networks," in shown[-1]


@pytest.fixture
def observations(monkeypatch, tmp_path):
    """A data folder with the manifest of a product, and a site of one's own."""
    folder = tmp_path / "data"
    (folder / "manifests").mkdir(parents=True)
    (folder / "manifests/power.json").write_text("{}")
    monkeypatch.setenv("SOILBOOK_DATA", str(folder))
    site = tmp_path / "mine.csv"
    rows = [f"2019-05-{day:02d},0.2,10" for day in range(1, 11)]
    site.write_text("\n".join(["date,sm_0.1,st_0.1", ",m3 m-3,degC", *rows]) + "\n")
    return {"data": "observed", "profile": "smoke", "sites": [str(site)]}


def test_records_are_told_before_anything_is_trained_and_manifests_in_the_stamp(
    project, shown, observations
):
    observed = Page(NAME, observations)
    observed.settings(Experiment)
    observed.settings(Experiment, target="change")  # told once
    assert list(observed.files) == ["table_data.csv"]
    table = pd.read_csv(observed.folder / "table_data.csv")
    assert table[["site", "depth_m", "days_complete"]].values.tolist() == [["mine", 0.1, 10]]
    assert "mine: ST, SM: mine.csv" in shown[-1]
    observed.stamp()
    kept = json.loads((observed.folder / "provenance.json").read_text())["data"]
    digest = hashlib.sha256(b"{}").hexdigest()
    assert kept["manifests"] == {"power": digest}
    assert f"manifests of what was fetched: power {digest[:16]}" in shown[-1]


def test_the_authors_archive_has_a_banner_of_its_own(project, shown, observations):
    Page(NAME, {"data": "archive"})
    assert "The authors' own data" in shown[-1].replace("&#x27;", "'")
    assert "10.5281/zenodo.10060492" in shown[-1]


def test_note_is_plain_text(made, shown):
    made.note("10 sites & 2 < 3\n\nsecond")
    assert shown[-1] == "<p>10 sites &amp; 2 &lt; 3</p><p>second</p>"


def test_a_note_says_whose_it_is_where_there_is_a_reference_run(made, shown, project):
    left(project, "claims.csv", "claim\n")
    made.note("2 sites")
    assert shown[-1].startswith("<p><strong>This run (synthetic data (twin), profile smoke): <")


def test_a_page_with_a_reference_says_what_its_tabs_are(shown, project):
    left(project, "claims.csv", "claim\n")
    Page(NAME, {"data": "twin"})
    assert "Observed reference, the first tab" in shown[-1] and "twin" in shown[-1]


def test_wide_data_are_kept_and_linked(made, shown):
    made.data_file("all_scores", SCORES, "All scores (R2):")
    assert (made.folder / "all_scores.csv").is_file()
    assert "All scores (R2): {download}`all_scores.csv <s4_2" in shown.myst


def test_read_only_results_are_one_line(made, project):
    made.folder.parent.mkdir(parents=True)
    made.folder.write_text("a file in its place")
    with pytest.raises(SoilbookError, match=r"cannot write .*table_3\.csv"):
        made.table("3", SCORES, "x")


def test_nothing_that_needs_a_light_or_dark_background(made, shown):
    made.table("3", SCORES, "x")
    made.claims(claimed("note"))
    made.stamp()
    assert not any(re.search(r"[ ;\"]color:", markup) for markup in shown)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("depth_m", "depth (m)"),
        ("r2_published", "R² published"),
        ("median_rmse_low", "median RMSE low"),
        ("n_sites", "sites"),
        ("age_d", "age (d)"),
        ("loss_from_1_to_7_d", "loss from 1 to 7 d"),
        ("sand_percent", "sand (%)"),
        ("d", "d"),
        (7, "7"),
    ],
)
def test_headings_are_the_terms_of_the_field(column, expected):
    assert tables.heading(column) == expected


def archived(project, kind: str, r2: float, **parameters) -> None:
    """A table of scores of the observed reference or of the twin, and what made it."""
    folder = {"observed": "book/reference/observed", "twin": "results/twin/smoke"}[kind]
    folder = project.root / folder / NAME
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "table_3.csv").write_bytes(csv(scores_of(r2)))
    (folder / "provenance.json").write_text(json.dumps({"parameters": parameters}))


def scores_of(r2: float) -> pd.DataFrame:
    row = {"model": "LSTM", "depth_m": 0.05, "lead_d": 1, "reading": "pooled", "r2": r2}
    return pd.DataFrame(
        [row | {"r2_low": r2 - 0.1, "r2_high": r2 + 0.1, "n_sites": 9, "r2_published": 0.93}]
    )


def test_a_run_on_the_authors_rows_stands_beside_print_and_other_data(
    project, shown, monkeypatch, tmp_path
):
    monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path))
    run = Page(NAME, {"data": "archive", "profile": "smoke", "seed": 0})
    run.table("3", scores_of(0.9), "R2.")
    found = pd.read_csv(run.folder / "table_3s.csv")
    assert [name for name in found if name.startswith("r2_")] == ["r2_printed", "r2_archive"]
    archived(project, "observed", 0.7, profile="standard", seed=0, epochs=9)
    archived(project, "twin", 0.6, profile="smoke", seed=0)
    run.table("3", scores_of(0.9), "R2.")
    found = pd.read_csv(run.folder / "table_3s.csv")
    values = found.filter(like="r2_").iloc[0].to_dict()
    assert values == {
        "r2_printed": 0.93, "r2_archive": 0.9, "r2_observed": 0.7, "r2_twin": 0.6,
    }  # fmt: skip
    caption = run.products["table-3s"]["caption"]
    assert "Set otherwise: public observations: profile standard." in caption
    assert "public observations (9 sites)" in shown[-1] and "0.600" in shown[-1]


def test_other_tables_and_other_tracks_have_no_such_columns(
    project, shown, made, monkeypatch, tmp_path
):
    made.table("3", scores_of(0.9), "R2.")
    assert not (made.folder / "table_3s.csv").exists()
    monkeypatch.setenv("SOILBOOK_DATA", str(tmp_path))
    run = Page(NAME, {"data": "archive", "profile": "smoke"})
    run.table("3x", scores_of(0.9).assign(r2_published=np.nan), "Not printed.")
    run.table("3c", pd.DataFrame({"a": [1]}), "No scores.")
    assert sorted(file.name for file in run.folder.iterdir()) == ["table_3c.csv", "table_3x.csv"]
