"""scikit-learn's own checks, all of them."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from emmoe import MixtureOfExpertsClassifier, MixtureOfExpertsRegressor


@parametrize_with_checks([MixtureOfExpertsRegressor(), MixtureOfExpertsClassifier()])
def test_estimator_passes(estimator, check):
    check(estimator)
