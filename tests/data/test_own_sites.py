"""A site of one's own: what a new user writes, and what spreadsheets make of it."""

import numpy as np
import pytest

from soilbook import schema
from soilbook.data import observed, own
from soilbook.errors import DataError

HEAD = "date,precipitation,air_temperature,sm_0.05,st_0.05"
UNITS = "yyyy-mm-dd,mm,degC,m3 m-3,degC"
ROWS = ["2019-05-01,0.2,11.5,0.231,10.9", "2019-05-02,,11,0.229,10.8", "2019-05-03,1,12,0.24,11"]


@pytest.fixture
def write(tmp_path):
    def function(*lines, name="my_site.csv"):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        return path

    return function


def faults(path) -> list[str]:
    return [line.replace(str(path.parent) + "/", "") for line in own.table(path).faults]


def test_a_small_table_is_read_as_it_is_written(write):
    made = own.read(write("# latitude: 52.17", "# sand: 40,5", HEAD, UNITS, *ROWS))
    assert schema.features(made) == ("precipitation", "air_temperature", "soil_temperature", "sm")
    assert made["sm"].values.tolist() == [[0.231, 0.229, 0.24]]
    assert np.isnan(made["precipitation"].values[1]) and made["precipitation"].values[2] == 1
    assert made["depth"].values.tolist() == [0.05] and made["site"].item() == "my_site"
    assert float(made["latitude"]) == 52.17 and np.isnan(float(made["longitude"]))
    assert made.attrs["sand"] == 40.5 and "clay" not in made.attrs


def test_the_template_is_what_check_takes(write, tmp_path):
    text = own.template("mine")
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(DataError, match="no day below"):
        own.table(path)
    path.write_text(text + "2019-05-01,0,11,300,200,70,2" + ",0.2,10" * 5 + "\n")
    assert own.table(path).faults == []
    assert schema.features(own.read(path)) == schema.FEATURES
    assert own.read(path)["depth"].values.tolist() == list(schema.DEPTHS)
    assert all(line.startswith("#") for line in text.splitlines()[:-2])


def test_a_german_spreadsheet_is_read_and_an_english_one_too(write):
    german = write(
        "# latitude: 52,17;;;;",
        HEAD.replace(",", ";") + ";;",
        "dd.mm.yyyy;mm;degC;%;degC;;",
        "01.05.2019;0,2;11,5;23,1;10,9;;",
        "02.05.2019;;11;22,9;10,8;;",
        "03.05.2019;1;12;24;11;;",
        ";;;;;;",
        name="german.csv",
    )
    english = write("# latitude: 52.17", HEAD, UNITS, *ROWS, name="english.csv")
    one, two = own.read(german), own.read(english)
    for name in schema.features(two):
        np.testing.assert_allclose(one[name].values, two[name].values)
    assert (one["time"] == two["time"]).all() and float(one["latitude"]) == 52.17


@pytest.mark.parametrize(
    ("order", "text", "day"),
    [
        ("dd/mm/yyyy", "03/05/2019", "2019-05-03"),
        ("mm/dd/yyyy", "05/03/2019", "2019-05-03"),
        ("dd.mm.yyyy", "03.05.2019", "2019-05-03"),
        ("", "2019-05-03", "2019-05-03"),
    ],
)
def test_a_day_is_never_taken_for_a_month(write, order, text, day):
    path = write("date,sm_0.1", f"{order},m3 m-3", f"{text},0.2")
    assert str(own.table(path).days[0]) == day
    path = write("date,sm_0.1", ",m3 m-3", "03/05/2019,0.2", "13/05/2019,0.2")
    first, _ = faults(path)
    assert "row 3, column date: '03/05/2019' is no day yyyy-mm-dd; another order" in first


def test_units_are_converted(write):
    path = write(
        "date,air_temperature,shortwave,wind_speed,sm_0.3,st_0.3",
        "yyyy-mm-dd,°F,MJ/m2/d,km/h,vol%,K",
        "2019-05-01,50,8.64,36,20,283.15",
    )
    made = own.read(path).isel(time=0)
    assert made["air_temperature"].item() == pytest.approx(10)
    assert made["shortwave"].item() == pytest.approx(100)
    assert made["wind_speed"].item() == pytest.approx(10)
    assert made["sm"].item() == pytest.approx(0.2)
    assert made["soil_temperature"].item() == pytest.approx(10)
    assert made["depth"].values.tolist() == [0.3]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("2019-05-02,1,12,0.24,11", "row 6, column date: 2019-05-02 stands twice"),
        ("2019-04-30,1,12,0.24,11", "row 6, column date: 2019-04-30 is out of order"),
        ("2019-05-01,1,12,0.24,11", "2019-05-01 stands twice, and out of order"),
        ("2019-02-30,1,12,0.24,11", "row 6, column date: '2019-02-30' is no day"),
        ("19-05-05,1,12,0.24,11", "row 6, column date: '19-05-05' is no day"),
        ("2019-05-05,1,12,0.24,eleven", "row 6, column st_0.05: 'eleven' is no number"),
        ('2019-05-05,1,"12,5",0.24,11', "row 6, column air_temperature: '12,5' is no number"),
        ("2019-05-05,1,12,-9999,11", "column sm_0.05: -9999 m3 m-3 is outside 0 to 1"),
        ("2019-05-05,1,120,0.24,11", "row 6, column air_temperature: 120 degC is outside -80"),
        ("2019-05-05,-1,12,0.24,11", "row 6, column precipitation: -1 mm is outside 0"),
    ],
)
def test_a_fault_is_named_by_row_and_column(write, row, says):
    path = write(HEAD, UNITS, *ROWS[:2], "2019-05-03,1,12,0.24,11", row)
    (line,) = faults(path)
    assert says in line
    with pytest.raises(DataError):
        own.read(path)


def test_all_faults_are_named_and_read_tells_their_number(write):
    path = write(HEAD, UNITS, ROWS[0], "2019-05-01,x,12,0.24,11", "2019-05-03,1,99,0.24,11")
    assert len(faults(path)) == 3
    with pytest.raises(DataError, match="; 2 more faults: soilbook site check"):
        own.read(path)


@pytest.mark.parametrize(
    ("unit", "value", "other"), [("m3 m-3", 23.1, "%"), ("%", 0.231, "m3 m-3")]
)
def test_percent_and_fraction_are_told_apart(write, unit, value, other):
    rows = [f"2019-05-0{k},{value}" for k in range(1, 6)]
    (line,) = faults(write("date,sm_0.05", f"yyyy-mm-dd,{unit}", *rows))
    assert f"row 3, column sm_0.05: {value} {unit}; most values look like {other}" in line


def test_gaps_are_told_and_missing(write):
    path = write(HEAD, UNITS, ROWS[0], "2019-05-04,1,12,0.24,11")
    (line,) = own.table(path).gaps
    assert "row 4: 2 days are absent before 2019-05-04" in line
    made = own.read(path)
    assert made.sizes["time"] == 4 and np.isnan(made["sm"].values[0, 1:3]).all()


def test_two_decimal_marks_are_refused(write):
    path = write("date;sm_0.05;st_0.05", ";m3 m-3;degC", "2019-05-01;0.2;10", "2019-05-02;0,2;10")
    (line,) = faults(path)
    assert "row 4, column sm_0.05: '0,2' has a comma where other numbers" in line


@pytest.mark.parametrize(
    ("head", "units", "says"),
    [
        ("day,sm_0.05", "x,m3 m-3", "no column 'date'"),
        ("date,rain,sm_0.05", "yyyy-mm-dd,mm,m3 m-3", "unknown column 'rain'; allowed: date, prec"),
        ("date,sm", "yyyy-mm-dd,m3 m-3", "unknown column 'sm'"),
        ("date,st_0.05", "yyyy-mm-dd,degC", "no column of soil moisture, such as sm_0.05"),
        ("date,sm_5", "yyyy-mm-dd,m3 m-3", None),
        ("date,sm_50", "yyyy-mm-dd,m3 m-3", "depths above 0 and to 10 m"),
        ("date,sm_0.05,sm_0.050", "yyyy-mm-dd,m3 m-3,m3 m-3", "more than one column 'sm_0.050'"),
        ("date,sm_0.05", "yyyy-mm-dd,kg", "row 2, column sm_0.05: the unit is 'kg'; allowed: m3"),
        ("date,sm_0.05", "yy-m-d,m3 m-3", "the unit is 'yy-m-d'; it is the order of the parts"),
    ],
)
def test_another_table_is_refused_in_one_line(write, head, units, says):
    row = "2019-05-01" + ",0.2" * head.count(",")
    path = write(head, units, row)
    if says is None:
        assert own.table(path).faults == []
        return
    with pytest.raises(DataError, match=says) as refusal:
        own.table(path)
    assert "\n" not in str(refusal.value)


def test_a_name_of_the_paper_is_taken(write):
    with pytest.raises(DataError, match="the paper has a site of this name"):
        own.read(write(HEAD, UNITS, *ROWS, name="Kingston-1-W.csv"))


def test_other_texts_are_refused(write, tmp_path):
    with pytest.raises(DataError, match="no such file"):
        own.read(tmp_path / "none.csv")
    with pytest.raises(DataError, match="a row of names and a row of units are needed"):
        own.table(write("# only", "# comments", "date,sm_0.05"))
    with pytest.raises(DataError, match="row 1: latitude is 'north'; a number is needed"):
        own.table(write("# latitude: north", HEAD, UNITS, *ROWS))
    with pytest.raises(DataError, match="row 3: 6 fields; 5 are needed"):
        own.table(write(HEAD, UNITS, ROWS[0] + ",7"))


def test_it_is_loaded_by_its_path_and_completed_by_power(write, tmp_path, write_power):
    path = write("# latitude: 52.17", "# longitude: 14.12", HEAD, UNITS, *ROWS)
    data = tmp_path
    days = ["20190501", "20190502", "20190503"]
    write_power("my_site", {"WS2M": dict.fromkeys(days, 2.5)}, {"WS2M": "m/s"}, (14.12, 52.17))
    made = observed.load(str(path), data)
    assert (made["wind_speed"] == 2.5).all() and "longwave" not in made
    assert observed.files_of(str(path), data) == [path, data / "power/my_site.json"]
    assert observed.sources(made) == "P, AT, ST, SM: my_site.csv; WS: NASA POWER"


def test_without_rain_or_soil_temperature_it_is_a_site_as_well(write, tmp_path):
    path = write("date,sm_0.05", "yyyy-mm-dd,%", "2019-05-01,20")
    assert schema.features(observed.load(str(path), tmp_path)) == ("sm",)
