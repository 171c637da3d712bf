"""Theory of the paper as numbers: predicted rates to compare with what is observed."""

from emmoe.theory.population import population_blocks, population_rate

__all__ = ["population_blocks", "population_rate"]
