"""x ~ N(0, I_d) and targets from the model: a sample a replicate; a grid may vary n and d."""

from dataclasses import dataclass

from emmoe.datasets._shared.normal import Normal


@dataclass(frozen=True)
class NormalFeatures(Normal):
    """parameters: theta* in the model's order; where there are none, N(0, 1) each."""

    axes = ("n", "d")

    @classmethod
    def example(cls) -> "NormalFeatures":
        return cls(n=80, d=2)
