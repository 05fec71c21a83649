"""Profiles: what ``smoke``, ``quick``, ``standard`` and ``paper`` mean, in one place."""

from dataclasses import dataclass

from soilbook.errors import unknown


@dataclass(frozen=True)
class Profile:
    """How much is computed. One step is one Adam update of every network of a shard.

    ``epochs`` epochs of ``batches_per_epoch`` batches of ``batch`` windows; the model kept is the
    one of lowest validation error looked at once an epoch from ``first_choice`` on (section 4 of
    Wang et al. 2024: 1,500 epochs of 20 batches of 50, 25 repetitions). ``bootstrap`` replicates
    carry the intervals; ``explained`` test samples get Shapley values, ``pictured`` a t-SNE point.
    """

    name: str
    epochs: int
    first_choice: int
    repetitions: int
    batches_per_epoch: int = 20
    batch: int = 50
    bootstrap: int = 1000
    n_sites: int | None = None
    explained: int = 200
    pictured: int = 600

    @property
    def steps(self) -> int:
        """Updates of each network."""
        return self.epochs * self.batches_per_epoch


PROFILES = {
    p.name: p
    for p in (
        Profile(
            "smoke",
            epochs=4,
            first_choice=1,
            repetitions=1,
            bootstrap=100,
            n_sites=2,
            explained=5,
            pictured=80,
        ),
        Profile(
            "quick",
            epochs=150,
            first_choice=50,
            repetitions=1,
            bootstrap=500,
            n_sites=10,
            explained=60,
            pictured=300,
        ),
        Profile("standard", epochs=500, first_choice=100, repetitions=5),
        Profile("paper", epochs=1500, first_choice=100, repetitions=25),
    )
}


def profile(name: str) -> Profile:
    """The profile of that name; ParameterError lists the allowed ones."""
    if name not in PROFILES:
        raise unknown("profile", name, PROFILES)
    return PROFILES[name]
