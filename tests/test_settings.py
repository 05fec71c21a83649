"""Settings check themselves and refuse in one line."""

from typing import Annotated, Literal

import pytest
from pydantic import Field

from soilbook.errors import ParameterError
from soilbook.models import MACHINE_LEARNING, NETWORKS
from soilbook.settings import Checked, profile
from soilbook.store import canonical


class Kitchen(Checked):
    data: Literal["twin", "observed"] = "twin"
    networks: Annotated[int, Field(ge=1)] | None = None
    depths: tuple[float, ...] = ()
    share: Annotated[float, Field(gt=0, le=1)] = 0.5
    hour: Annotated[int, Field(lt=24)] = 0


def test_values_are_typed_and_kept():
    made = Kitchen(networks="3", depths=[0.05, "0.1"])
    assert (made.networks, made.depths) == (3, (0.05, 0.1))
    assert made.but(data="observed") == Kitchen(data="observed", networks=3, depths=(0.05, 0.1))
    assert canonical({"a": made}) == canonical({"a": made.model_dump()})


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"data": "mars"}, "unknown data 'mars'; allowed: twin, observed"),
        ({"networks": 0}, "networks is 0; allowed: 1 or more"),
        ({"networks": "many"}, "networks is 'many'; allowed: a whole number"),
        ({"networks": 1.5}, "networks is 1.5; allowed: a whole number"),
        ({"share": 1.5}, "share is 1.5; allowed: 1.0 or less"),
        ({"share": 0}, "share is 0; allowed: above 0.0"),
        ({"depths": ["deep"]}, "depths is 'deep'; allowed: a number"),
        ({"hour": 24}, "hour is 24; allowed: below 24"),
        ({"shares": 1}, "unknown setting 'shares'; allowed: data, networks, depths, share, hour"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(values, line):
    with pytest.raises(ParameterError) as refusal:
        Kitchen(**values)
    assert str(refusal.value) == line


def test_changes_are_checked_too():
    with pytest.raises(ParameterError, match="networks is 0"):
        Kitchen().but(networks=0)
    with pytest.raises(Exception, match="frozen"):
        Kitchen().networks = 2


def test_quick_has_sites_enough_for_a_test_of_all_models_to_succeed():
    """Wilcoxon's smallest p at n sites is 2 / 2^n; Holm multiplies it by the models."""
    n_models = len(NETWORKS) + len(MACHINE_LEARNING) + 1  # and climatology, against persistence
    assert 2 / 2 ** profile("quick").n_sites * n_models < 0.05
