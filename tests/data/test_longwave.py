"""Estimated long-wave against measurements, and the file these come from."""

import numpy as np
import pytest

from soilbook.data import fluxnet, longwave
from soilbook.errors import DataError, ParameterError

# Measured: bias -3.5 to +8.1, rmse 14.6 to 18.9 W m-2, r 0.90 to 0.95.
LARGEST_BIAS, LARGEST_RMSE, LOWEST_R = 8.5, 19.5, 0.89


@pytest.mark.observed
def test_error_against_measured_longwave(observed_folder):
    table = longwave.verify(observed_folder).set_index(["clear_sky", "cloud", "site"])
    used = table.sort_index().loc[("prata1996", "crawford1999")]
    assert used["n_days"].min() > 4000 and len(used) == 4
    assert used["bias"].abs().max() < LARGEST_BIAS
    assert used["rmse"].max() < LARGEST_RMSE
    assert used["r"].min() > LOWEST_R


@pytest.mark.observed
def test_the_formulas_used_are_the_best_of_those_compared(observed_folder):
    table = longwave.verify(observed_folder)
    mean = table.groupby(["clear_sky", "cloud"])["rmse"].mean()
    assert mean.idxmin() == ("prata1996", "crawford1999")
    assert mean["prata1996", "crawford1999"] < 0.5 * mean["prata1996", "none"]


@pytest.mark.observed
def test_fluxnet_weather(observed_folder):
    site = fluxnet.read(observed_folder, "FI-Hyy")
    assert str(site["time"].values[0])[:10] == "1996-01-01"
    assert (np.diff(site["time"].values) == np.timedelta64(1, "D")).all()
    assert site["longwave"].attrs["source"].startswith("measured")
    assert 150 < float(site["longwave"].min()) < float(site["longwave"].max()) < 420
    assert float(site["relative_humidity"].max()) <= 100


def test_fluxnet_bad_input(tmp_path):
    with pytest.raises(ParameterError, match="CH-Dav, CH-Lae, FI-Hyy, FR-Pue"):
        fluxnet.read(tmp_path, "DE-Tha")
    with pytest.raises(DataError, match=r"4sites\.csv: not there"):
        fluxnet.read(tmp_path, "FI-Hyy")
    path = tmp_path / fluxnet.FILE
    path.parent.mkdir()
    path.write_text("siteid,TIMESTAMP,TA_F\nFI-Hyy,2001-01-01,3.0\n")
    with pytest.raises(DataError, match="no column 'VPD_F'; needed: siteid, TIMESTAMP, VPD_F"):
        fluxnet.read(tmp_path, "FI-Hyy")
    names = "siteid,TIMESTAMP,VPD_F,P_F,TA_F,LW_IN_F,SW_IN_F,WS_F"
    path.write_text(f"{names}\nFI-Hyy,2001-01-01,3,0,5,300,100,2\nFI-Hyy,2001-01-02,3,0,5,x,1,2\n")
    with pytest.raises(DataError, match=r"row 3: LW_IN_F is 'x'; a number is needed"):
        fluxnet.read(tmp_path, "FI-Hyy")
    with pytest.raises(DataError, match="no rows of site 'CH-Dav'"):
        fluxnet.read(tmp_path, "CH-Dav")
