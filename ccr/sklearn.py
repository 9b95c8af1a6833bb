"""Estimators in the manner of scikit-learn, for a quick look at what a program would learn.

They train by `Program.simulate`, on this machine, in the clear: whoever calls `fit` has the records and the weights.
**This is no private run**, and what it learns is not to be let out; `Program.run` and `ccr run` are for that.  Noise,
clipping and rounding are those of a run, so accuracy is what a run's would be.

Needs scikit-learn: `pip install 'ccr-lang[sklearn]'`.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ccr import options
from ccr.inputs import as_input
from ccr.numbers import numbers
from ccr.program import Program
from compiler.lowering.scores import scores
from compiler.words.evaluate import evaluate
from compiler.words.integers import Array
from compiler.words.ir import Type
from compiler.words.leaves import type_of
from lang import typed
from runtime.authoring.learner import Given, training
from runtime.data.load import load_tensor
from runtime.data.specs import TensorSpec
from runtime.party.sources import kind_of

Floats = NDArray[np.float64]
# scikit-learn has no types.
_validated: Any = validate_data
_check_fitted: Any = check_is_fitted
_check_targets: Any = check_classification_targets


class _Estimator(BaseEstimator):  # type: ignore[no-untyped-call]  # scikit-learn has no types
    """Of a program with one `dpsgd` by a `loss`, on one data set of which one field is a single number: the label.

    The columns of X fill the other fields, in their order.  `inputs` are the program's other inputs, by name; what is
    not given is 0.  `random_state` is the seed of sampling and noise: None, or a number.
    """

    _losses: frozenset[typed.Call]

    def __init__(
        self, program: Program, inputs: Mapping[str, object] | None = None, random_state: int | None = None
    ) -> None:
        self.program = program
        self.inputs = inputs
        self.random_state = random_state

    def _fit(self, rows: Floats, labels: NDArray[Any]) -> None:
        """Raises InputError for what the program does not take, and ValueError for a program that it cannot be."""
        if not isinstance(cast(object, self.program), Program):
            raise ValueError(f"program is what ccr.compile(...) gives, not {self.program!r}")
        built = self.program.built
        found_in = training(built.understood().checked.program)
        self._dataset, train, self._weights = found_in.dataset, found_in.train, found_in.outputs
        self._scores = scores(built.understood().checked.program, train)
        if (loss := self._scores.loss) not in self._losses:
            raise ValueError(f"the program's loss is `{loss.value}`, which is not for a {type(self).__name__}")
        given = {e.name: np.zeros(t.shape) for e, t, _ in built.compiled.inputs} | dict(options.inputs(self.inputs))
        records = {**self._fields(rows), self._label.name: labels}
        found = self.program.simulate({**given, self._dataset.name: records}, seed=self.random_state, raw=True)
        self._given = {e.name: _integers(e.name, given[e.name], t) for e, t, _ in built.compiled.inputs}
        self._given |= {name: found[output] for name, output in self._weights.items()}
        types = {o.name: o.type for o in built.compiled.outputs}
        self.outputs_ = {name: numbers(name, value, types[name]) for name, value in found.items()}
        self.n_records_ = len(rows)

    @property
    def _label(self) -> typed.Field:
        return next(f for f in self._dataset.fields if not f.kind.shape)

    def _fields(self, rows: Floats) -> dict[str, Floats]:
        """The columns of each feature."""
        fields = [f for f in self._dataset.fields if f is not self._label]
        widths = [prod(f.kind.shape) for f in fields]
        if rows.shape[1] != sum(widths):
            raise ValueError(f"X has {rows.shape[1]} features, but the program takes {sum(widths)}")
        pieces = np.split(rows, np.cumsum(widths)[:-1], axis=1)
        return {f.name: piece.reshape(-1, *f.kind.shape) for f, piece in zip(fields, pieces, strict=True)}

    def _scored(self, X: ArrayLike) -> Floats:  # noqa: N803  scikit-learn's name
        _check_fitted(self)
        rows = self._fields(_validated(self, X, reset=False, dtype=np.float64))
        kinds = {f.name: type_of(f.kind) for f in self._dataset.fields}
        encoded = {name: _integers(name, values, kinds[name], len(values)) for name, values in rows.items()}
        given, found = Given(self._given), list[Array]()
        for number in range(len(next(iter(rows.values())))):
            given.row = {name: values[number] for name, values in encoded.items()}
            found += evaluate(self._scores.block, [], given)
        return numbers("scores", np.array(found), self._scores.type).astype(np.float64)

    @property
    def epsilon_(self) -> float:
        """What a run on as many records would give away, for `delta_`; takes seconds."""
        _check_fitted(self)
        return self.program.privacy(records=self.n_records_).epsilon


class DPClassifier(ClassifierMixin, _Estimator):  # type: ignore[no-untyped-call]  # scikit-learn has no types
    """A classifier as `program` trains it, tried in the clear; see the module for what that is not.

    The loss is `logistic`, of one score or of one for each class, or `cross_entropy`.  Labels are numbered in their
    order.
    """

    _losses = frozenset({typed.Call.LOGISTIC, typed.Call.CROSS_ENTROPY})

    def fit(self, X: ArrayLike, y: ArrayLike) -> DPClassifier:  # noqa: N803  scikit-learn's name
        """Train, in the clear.  Raises InputError for what the program does not take, ValueError for what fits none."""
        rows, labels = _validated(self, X, y, dtype=np.float64)
        _check_targets(labels)
        self.classes_, numbered = np.unique(labels, return_inverse=True)
        self._fit(rows, numbered)
        return self

    def decision_function(self, X: ArrayLike) -> Floats:  # noqa: N803  scikit-learn's name
        """The scores: one for each row, above 0 for the second class, or one for each class."""
        found = self._scored(X)
        return found if found.ndim == 1 else found[:, : len(self.classes_)]

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803  scikit-learn's name
        """The class of the highest score."""
        found = self.decision_function(X)
        best = (found > 0).astype(np.int64) if found.ndim == 1 else found.argmax(axis=1)
        return np.asarray(self.classes_[best])


class DPRegressor(RegressorMixin, _Estimator):  # type: ignore[no-untyped-call]  # scikit-learn has no types
    """As DPClassifier, of a program whose loss is `squared`."""

    _losses = frozenset({typed.Call.SQUARED})

    def fit(self, X: ArrayLike, y: ArrayLike) -> DPRegressor:  # noqa: N803  scikit-learn's name
        """As of DPClassifier."""
        self._fit(*_validated(self, X, y, dtype=np.float64, y_numeric=True))
        return self

    def predict(self, X: ArrayLike) -> Floats:  # noqa: N803  scikit-learn's name
        """The scores."""
        return self._scored(X)


def _integers(name: str, value: object, type: Type, *rows: int) -> Array:
    """Of the grid, of one value of a type or of as many as there are rows."""
    return load_tensor(TensorSpec(name, kind_of(type), (*rows, *type.shape)), as_input(name, value))
