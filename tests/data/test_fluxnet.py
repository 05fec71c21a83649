"""FLUXNET2015 tables: units, missing values, humidity, bad files, and estimates of long-wave."""

import numpy as np
import pytest

from soilbook.data import fluxnet
from soilbook.errors import DataError, ParameterError
from soilbook.physics.air import saturation_pressure

HEADER = "siteid,TIMESTAMP,P_F,TA_F,LW_IN_F,SW_IN_F,WS_F,VPD_F"


@pytest.fixture
def table(tmp_path):
    def write(*rows, header=HEADER):
        path = tmp_path / fluxnet.FILE
        path.parent.mkdir(exist_ok=True)
        path.write_text("\ufeff" + "\n".join([header, *rows, ""]))
        return tmp_path

    return write


def test_weather_of_one_site(table):
    deficit = float(saturation_pressure(20.0)) / 4
    folder = table(
        f"CH-Dav,2010-07-01,1.5,20,300,200,3,{deficit}",
        "FI-Hyy,2010-07-01,9,9,300,90,9,0",
        "CH-Dav,2010-07-03,0,20,-9999,200,3,0",
    )
    made = fluxnet.read(folder, "CH-Dav")
    assert made.sizes["time"] == 3 and made.sizes["depth"] == 0
    assert made["relative_humidity"].values == pytest.approx([75, np.nan, 100], nan_ok=True)
    assert made["longwave"].values == pytest.approx([300, np.nan, np.nan], nan_ok=True)
    assert made["wind_speed"].attrs["source"].endswith("FLUXNET2015 WS_F")
    assert (made["latitude"], made["longitude"]) == fluxnet.SITES["CH-Dav"]


def test_faults_are_named(table):
    folder = table("CH-Dav,2010-07-01,1.5,warm,300,200,3,1")
    with pytest.raises(DataError, match="row 2: TA_F is 'warm'; a number is needed"):
        fluxnet.read(folder, "CH-Dav")
    with pytest.raises(DataError, match="no rows of site 'FI-Hyy'"):
        fluxnet.read(folder, "FI-Hyy")
    with pytest.raises(ParameterError, match="unknown FLUXNET site 'X'; allowed: CH-Dav"):
        fluxnet.read(folder, "X")
    with pytest.raises(DataError, match="no column 'VPD_F'"):
        fluxnet.read(table(header=HEADER.removesuffix(",VPD_F")), "CH-Dav")
    with pytest.raises(DataError, match="more than one column 'TA_F'; needed: siteid"):
        fluxnet.read(table(header=HEADER + ",TA_F"), "CH-Dav")
    (folder / fluxnet.FILE).unlink()
    with pytest.raises(DataError, match=r"4sites\.csv: not there"):
        fluxnet.read(folder, "FI-Hyy")


def test_a_damaged_table_is_one_fault_and_none_is_no_station(tmp_path, table):
    assert fluxnet.stations(tmp_path) == []
    folder = table("CH-Dav,2010-07-01,1.5,20,300,200,3,1")
    assert fluxnet.stations(folder) == list(fluxnet.SITES)
    with pytest.raises(DataError, match="no column 'VPD_F'"):
        fluxnet.stations(table(header=HEADER.removesuffix(",VPD_F")))
    (folder / fluxnet.FILE).unlink()
    (folder / fluxnet.FILE).symlink_to("/nowhere")
    with pytest.raises(DataError, match=r"4sites\.csv: not there"):
        fluxnet.stations(folder)


def test_weather_in_other_units_is_not_left_out_without_a_word(table):
    rows = [f"CH-Dav,2010-07-0{k + 1},1,{kelvin},300,200,3,1" for k, kelvin in enumerate((1, 290))]
    assert np.isnan(fluxnet.read(table(*rows), "CH-Dav")["air_temperature"][1])  # one bad day
    rows.append("CH-Dav,2010-07-03,1,291,300,200,3,1")
    says = "air_temperature: 2 of 3 values are outside -80 to 60 degC; is it in other units"
    with pytest.raises(DataError, match=says) as caught:
        fluxnet.read(table(*rows), "CH-Dav")
    assert "4sites.csv" in str(caught.value) and "\n" not in str(caught.value)


# Measured: bias -3.5 to +8.1, rmse 14.6 to 18.9 W m-2, r 0.90 to 0.95.
LARGEST_BIAS, LARGEST_RMSE, LOWEST_R = 8.5, 19.5, 0.89


@pytest.mark.observed
def test_error_against_measured_longwave(observed_folder):
    table = fluxnet.longwave_errors(observed_folder).set_index(["clear_sky", "cloud", "site"])
    used = table.sort_index().loc[("prata1996", "crawford1999")]
    assert used["n_days"].min() > 4000 and len(used) == 4
    assert used["bias"].abs().max() < LARGEST_BIAS
    assert used["rmse"].max() < LARGEST_RMSE
    assert used["r"].min() > LOWEST_R


@pytest.mark.observed
def test_the_formulas_used_are_the_best_of_those_compared(observed_folder):
    table = fluxnet.longwave_errors(observed_folder)
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
