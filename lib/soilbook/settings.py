"""Settings that check themselves, and the profiles: what ``smoke``, ``quick``, ``standard`` and
``paper`` mean, in one place."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from soilbook.errors import ParameterError, unknown

# What a refusal says is allowed, by pydantic's kind of error; the others say it themselves.
BOUNDS = {
    "greater_than_equal": ("ge", "{} or more"),
    "greater_than": ("gt", "above {}"),
    "less_than_equal": ("le", "{} or less"),
    "less_than": ("lt", "below {}"),
}
KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "string": "a word"}
KINDS["finite"] = KINDS["float"]
Count = Annotated[int, Field(ge=1)]
# Study 1: days of input, at least what two convolutions take, and the share of days that trains.
N_STEPS, TRAINING_SHARE = 4, 0.6
WINDOWS, SHARES = Field(ge=3, le=60), Field(ge=0.1, le=0.9)
CONVERGED = 0.05  # training has converged this close to its lowest validation error, relative
MODEL_FILE = "SOILBOOK_MODEL_FILE"  # environment: a file that every page of a chapter loads


@dataclass(frozen=True)
class Own:
    """What is recorded of a reader's network: ``way`` is vmap or loop, ``why`` what vmap said."""

    parameters: int
    way: str
    why: str
    file: str
    sha256: str


# Networks that ``training.own`` added, by name: here, to be known where torch need not be loaded.
OWN: dict[str, Own] = {}


class Checked(BaseModel):
    """Base of all settings: fields with types, bounds and choices, checked when made.

    Fields are keyword arguments. A value that does not fit raises ParameterError: one line that
    names the field and what is allowed. Validators may raise any SoilbookError themselves.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    def __init__(self, **values: Any):
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ParameterError(_one_line(error, type(self))) from None

    def but(self, **changes: Any):
        """The same settings with some changed, checked again."""
        return type(self)(
            **{name: getattr(self, name) for name in type(self).model_fields} | changes
        )


def _one_line(error: ValidationError, kind: type[BaseModel]) -> str:
    first = error.errors()[0]
    name, inner = str(first["loc"][0]) if first["loc"] else kind.__name__, first["type"]
    if inner == "extra_forbidden":
        return f"unknown setting {name!r}; allowed: {', '.join(kind.model_fields)}"
    if inner == "missing":
        return f"setting {name!r} is missing"
    if inner == "literal_error":
        allowed = first["ctx"]["expected"].replace(" or ", ", ").replace("'", "")
        return f"unknown {name} {first['input']!r}; allowed: {allowed}"
    if inner in BOUNDS:
        bound, words = BOUNDS[inner]
        return f"{name} is {first['input']}; allowed: {words.format(first['ctx'][bound])}"
    for short, words in KINDS.items():
        if inner.startswith(short):
            return f"{name} is {first['input']!r}; allowed: {words}"
    return f"{name} is {first['input']!r}: {first['msg']}"


class Profile(Checked):
    """How much is computed. One step is one Adam update of every network of a shard.

    ``epochs`` epochs of ``batches_per_epoch`` batches of ``batch`` windows; the model kept is the
    one of lowest validation error looked at once an epoch from ``first_choice`` on (section 4 of
    Wang et al. 2024: 1,500 epochs of 20 batches of 50, 25 repetitions). ``bootstrap`` replicates
    carry the intervals; ``explained`` test samples get Shapley values, ``pictured`` a t-SNE point.
    """

    name: str
    epochs: Count
    first_choice: Count
    repetitions: Count
    batches_per_epoch: Count = 20
    batch: Count = 50
    bootstrap: Count = 1000
    n_sites: Count | None = None
    explained: Count = 200
    pictured: Count = 600

    @property
    def steps(self) -> int:
        """Updates of each network."""
        return self.epochs * self.batches_per_epoch


PROFILES = {
    one.name: one
    for one in (
        Profile(
            name="smoke", epochs=4, first_choice=1, repetitions=1, bootstrap=100, n_sites=2,
            explained=5, pictured=80,
        ),
        Profile(
            name="quick", epochs=100, first_choice=40, repetitions=1, bootstrap=500, n_sites=10,
            explained=60, pictured=300,
        ),
        Profile(name="standard", epochs=500, first_choice=100, repetitions=5),
        Profile(name="paper", epochs=1500, first_choice=100, repetitions=25),
    )
}  # fmt: skip


def profile(name: str) -> Profile:
    """The profile of that name; ParameterError lists the allowed ones."""
    return _named(PROFILES, name)


class SatelliteProfile(Checked):
    """How much study 2 computes: the LSTM that prolongs SMAP.

    ``networks`` trainings of ``epochs`` epochs by the paper's method, of ``own_epochs`` by ours (an
    epoch sees as many days as the record has), with ``most_hidden`` units at most, make an
    ensemble; ``draws`` passes with dropout left on the Monte-Carlo estimate of its spread;
    ``n_stations`` of the sparse network are used (None: all), ``bootstrap`` replicates carry the
    intervals.
    """

    name: str
    epochs: Count
    own_epochs: Count
    networks: Count
    most_hidden: Count = 256
    draws: Count
    bootstrap: Count = 1000
    n_stations: Count | None = None


SATELLITE_PROFILES = {
    one.name: one
    for one in (
        SatelliteProfile(
            name="smoke", epochs=2, own_epochs=2, networks=1, most_hidden=32, draws=4,
            bootstrap=100, n_stations=6,
        ),
        SatelliteProfile(
            name="quick", epochs=30, own_epochs=20, networks=2, most_hidden=64, draws=20,
            bootstrap=500,
        ),
        SatelliteProfile(name="standard", epochs=100, own_epochs=60, networks=5, draws=50),
        SatelliteProfile(name="paper", epochs=2303, own_epochs=120, networks=10, draws=100),
    )
}  # fmt: skip


def satellite(name: str) -> SatelliteProfile:
    """Study 2's part of the profile of that name; ParameterError lists the allowed ones."""
    return _named(SATELLITE_PROFILES, name)


def _named(profiles: dict, name: str):
    if name not in profiles:
        raise unknown("profile", name, profiles)
    return profiles[name]
