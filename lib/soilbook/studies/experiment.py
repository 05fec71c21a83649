"""What an in-situ experiment is asked to compute, checked and completed before any work starts."""

from dataclasses import dataclass, replace

from soilbook import data as records
from soilbook import models as library
from soilbook import schema, settings
from soilbook.data import sites as site_table
from soilbook.device import find as find_device
from soilbook.errors import ParameterError, unknown

BASELINES = ("persistence", "climatology")
SCALING = {"paper": "training", "released": "whole"}  # of a variant
# Sites that single figures of the paper show; a reduced choice of sites keeps them.
FIGURE_SITES = (
    "Cape-Charles-5-ENE",
    "Monahans-6-ENE",
    "AAMU-jtg",
    "LittleRiver",
    "Weslaco",
)


@dataclass(frozen=True)
class Experiment:
    """Settings of study 1. Empty ``sites`` or ``depths`` mean the profile's choice and all depths.

    data: ``twin`` or ``observed``; profile: a name of ``settings.PROFILES``; repetitions and
    epochs: None means the profile's number; device: see ``soilbook.device.find``; variant:
    ``paper`` or ``released`` (study 1's two sources); target: ``value`` (the paper) or ``change``
    (networks predict the change since the last observed day); scaling: by the range of the
    ``training`` part or of the ``whole`` record, None as the variant does.
    """

    models: tuple[str, ...] = ("LSTM",)
    data: str = "twin"
    profile: str = "quick"
    sites: tuple[str, ...] = ()
    depths: tuple[float, ...] = ()
    repetitions: int | None = None
    epochs: int | None = None
    seed: int = 0
    device: str = "auto"
    variant: str = "paper"
    target: str = "value"
    scaling: str | None = None

    def resolve(self) -> "Experiment":
        """The same experiment with every choice spelt out.

        Raises ParameterError, DataError or DeviceError with what is allowed.
        """
        profile = settings.profile(self.profile)
        choices = {
            "data": ("twin", "observed"),
            "variant": tuple(SCALING),
            "target": ("value", "change"),
            "scaling": (None, *SCALING.values()),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise unknown(name, getattr(self, name), allowed)
        return replace(
            self,
            models=self._models(),
            sites=self._sites(profile),
            depths=self._depths(),
            repetitions=_count("repetitions", self.repetitions) or profile.repetitions,
            epochs=_count("epochs", self.epochs) or profile.epochs,
            device=find_device(self.device),
            scaling=self.scaling or SCALING[self.variant],
        )

    def _models(self) -> tuple[str, ...]:
        allowed = (*BASELINES, *library.MACHINE_LEARNING, *library.NETWORKS)
        for name in self.models:
            if name not in allowed:
                raise unknown("model", name, allowed)
        return (*BASELINES, *(name for name in self.models if name not in BASELINES))

    def _sites(self, profile: settings.Profile) -> tuple[str, ...]:
        if self.sites:
            return tuple(dict.fromkeys(site_table.find(name).name for name in self.sites))
        there = records.available(self.data)
        if profile.n_sites is None or profile.n_sites >= len(there):
            return tuple(there)
        first = [name for name in FIGURE_SITES if name in there][: profile.n_sites]
        rest = [name for name in there if name not in first]
        n_rest = profile.n_sites - len(first)
        chosen = {*first, *(rest[int((i + 0.5) * len(rest) / n_rest)] for i in range(n_rest))}
        return tuple(name for name in there if name in chosen)

    def _depths(self) -> tuple[float, ...]:
        for depth in self.depths:
            if depth not in schema.DEPTHS:
                raise unknown("depth (m)", depth, schema.DEPTHS)
        return tuple(sorted(set(self.depths))) or schema.DEPTHS


def _count(name: str, value: int | None) -> int | None:
    if value is not None and value < 1:
        raise ParameterError(f"{name} is {value}; allowed: 1 or more")
    return value
