"""emmoe: mixtures of experts by EM; and the paper "Learning Mixtures of Experts with EM" (ICML
2025) regenerated, extended and audited."""

__version__ = "0.1.0"
