"""FLUXNET2015 tables: units, missing values, humidity, and bad files."""

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
