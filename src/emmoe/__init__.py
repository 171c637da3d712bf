"""emmoe: regenerates, extends and audits "Learning Mixtures of Experts with EM" (ICML 2025)."""

__version__ = "0.1.0"
