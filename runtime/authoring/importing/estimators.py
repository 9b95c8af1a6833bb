"""Linear models and networks of scikit-learn, alone or behind scalers, as a network.

A `.joblib` or `.pkl` is a pickle, which runs code as it is opened: whoever calls `read` has been asked.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from runtime.authoring.floating import Floats
from runtime.authoring.importing.network import Activation, Dense, Layer, Network
from runtime.authoring.importing.untaken import Untaken

_CLASSIFIERS = (
    "LogisticRegression",
    "LogisticRegressionCV",
    "SGDClassifier",
    "RidgeClassifier",
    "RidgeClassifierCV",
    "Perceptron",
    "LinearSVC",
)
_REGRESSORS = (
    "LinearRegression",
    "Ridge",
    "RidgeCV",
    "Lasso",
    "LassoCV",
    "ElasticNet",
    "ElasticNetCV",
    "SGDRegressor",
    "LinearSVR",
)
_NETWORKS = ("MLPClassifier", "MLPRegressor")
_SCALERS = ("StandardScaler", "MinMaxScaler", "MaxAbsScaler")
TAKEN = (*_CLASSIFIERS, *_REGRESSORS, *_NETWORKS)
FAR = 8.0  # deviations of a StandardScaler's, within which features are taken to be


def read(path: str) -> Network:
    """**Runs what is in the file.**  Raises Untaken, OSError, and ValueError for what cannot be opened."""
    import joblib

    opened: Any = joblib  # it has no types
    try:
        found: Any = opened.load(path)
    except OSError:
        raise
    except Exception as error:  # whatever the file does
        raise ValueError(f"it cannot be opened: {type(error).__name__}: {error}") from None
    return network(found)


def network(model: Any) -> Network:
    """Raises Untaken."""
    steps = [step for _, step in model.steps] if type(model).__name__ == "Pipeline" else [model]
    *scalers, last = [step for step in steps if step is not None and step != "passthrough"] or [model]
    kind = type(last).__name__
    if kind not in TAKEN or not type(last).__module__.startswith("sklearn."):
        raise Untaken(f"`{kind}` of {type(last).__module__}", f"there are {', '.join(TAKEN)}, alone or behind scalers")
    if not hasattr(last, "n_features_in_"):
        raise Untaken(f"`{kind}`", "it has not been fitted")
    layers = _mlp(last) if kind in _NETWORKS else _linear(last)
    factor, shift = np.ones(last.n_features_in_), np.zeros(last.n_features_in_)
    for scaler in scalers:
        by, plus = _scaling(scaler, len(factor))
        factor, shift = factor * by, shift * by + plus
    first = layers[0]
    assert isinstance(first, Dense)
    layers[0] = Dense(first.weight * factor[:, None], first.bias + shift @ first.weight)
    low, high = _range(scalers[0] if scalers else None)
    classes = tuple(map(str, getattr(last, "classes_", ())))
    return Network((len(factor),), tuple(layers), bool(classes), classes, low, high)


def _linear(model: Any) -> list[Layer]:
    weight = np.atleast_2d(np.asarray(model.coef_, dtype=np.float64)).T
    classes = len(getattr(model, "classes_", ()))
    if classes and weight.shape[1] != (1 if classes == 2 else classes):
        raise Untaken(f"`{type(model).__name__}`", f"it has {weight.shape[1]} scores for {classes} classes")
    bias = np.broadcast_to(np.asarray(model.intercept_, dtype=np.float64).reshape(-1), (weight.shape[1],))
    return [Dense(weight, np.array(bias))]


def _mlp(model: Any) -> list[Layer]:
    """Scores, without the last layer's sigmoid or softmax, which decides nothing."""
    between = {
        "relu": Activation.RELU,
        "logistic": Activation.SIGMOID,
        "tanh": Activation.TANH,
        "identity": None,
    }
    if model.out_activation_ not in ("identity", "logistic", "softmax"):
        raise Untaken(f"`{type(model).__name__}`", f"its last layer ends in `{model.out_activation_}`")
    if getattr(model, "classes_", None) is not None and getattr(model._label_binarizer, "y_type_", "").startswith(
        "multilabel"
    ):
        raise Untaken(f"`{type(model).__name__}`", "each record has several labels")
    layers: list[Layer] = []
    for weight, bias in zip(model.coefs_, model.intercepts_, strict=True):
        if layers and (activation := between[model.activation]) is not None:
            layers.append(activation)
        layers.append(Dense(np.asarray(weight, dtype=np.float64), np.asarray(bias, dtype=np.float64)))
    return layers


def _scaling(scaler: Any, count: int) -> tuple[Floats, Floats]:
    """x becomes x * factor + shift."""
    kind = type(scaler).__name__
    if kind not in _SCALERS or not type(scaler).__module__.startswith("sklearn."):
        raise Untaken(f"the step `{kind}`", f"in front of a model there may be {', '.join(_SCALERS)}")
    if kind == "MinMaxScaler":
        if scaler.clip:
            raise Untaken("the step `MinMaxScaler`", "its clip is not linear")
        return np.asarray(scaler.scale_, dtype=np.float64), np.asarray(scaler.min_, dtype=np.float64)
    scale = getattr(scaler, "scale_", None)
    mean = getattr(scaler, "mean_", None) if getattr(scaler, "with_mean", False) else None
    factor = np.ones(count) if scale is None else 1 / np.asarray(scale, dtype=np.float64)
    return factor, -factor * (np.zeros(count) if mean is None else np.asarray(mean, dtype=np.float64))


def _range(scaler: Any) -> tuple[Floats, Floats] | tuple[None, None]:
    """Between which raw features are, where the first scaler has seen them."""
    match type(scaler).__name__:
        case "StandardScaler" if scaler.scale_ is not None and scaler.mean_ is not None:
            return scaler.mean_ - FAR * scaler.scale_, scaler.mean_ + FAR * scaler.scale_
        case "MinMaxScaler":
            return np.asarray(scaler.data_min_), np.asarray(scaler.data_max_)
        case "MaxAbsScaler":
            return -np.asarray(scaler.max_abs_), np.asarray(scaler.max_abs_)
        case _:
            return None, None
