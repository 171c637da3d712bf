"""Mixtures of experts as scikit-learn estimators, the choice of K, and their models as files."""

from emmoe.mixture.estimators.classifier import MixtureOfExpertsClassifier
from emmoe.mixture.estimators.regressor import MixtureOfExpertsRegressor
from emmoe.mixture.estimators.select import select_n_experts

__all__ = ["MixtureOfExpertsClassifier", "MixtureOfExpertsRegressor", "select_n_experts"]
