"""Mixtures of experts as scikit-learn estimators, the choice of K, and their models as files."""

from emmoe.estimators.classifier import MixtureOfExpertsClassifier
from emmoe.estimators.regressor import MixtureOfExpertsRegressor
from emmoe.estimators.select import select_n_experts

__all__ = ["MixtureOfExpertsClassifier", "MixtureOfExpertsRegressor", "select_n_experts"]
