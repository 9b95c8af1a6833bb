"""`ccr import`: from a model to a program, with what it is off by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from compiler.lowering.understand import understand
from compiler.words.evaluate import evaluate
from compiler.words.integers import Array
from compiler.words.ir import Loop
from lang.source import Source
from runtime.authoring.floating import Floats
from runtime.authoring.importing.network import Network
from runtime.authoring.importing.precision import Kinds, choose, emulated, tried
from runtime.authoring.importing.text import Given, text
from runtime.authoring.importing.untaken import Untaken
from runtime.data.load import Loaded, load_tensor
from runtime.data.memory import InMemory
from runtime.data.specs import TensorSpec
from runtime.party.sources import PartySources, kind_of
from runtime.privacy.randomness import RunSecret

SCORED = 64  # sample records that the program itself scores


@dataclass(frozen=True, slots=True)
class Imported:
    text: str
    weights: Mapping[str, Floats]
    kinds: Kinds
    measured: float | None  # the largest error of the program on samples
    samples: int
    agree: float | None  # of these, the share whose class is that of floating point


def imported(
    network: Network, low: Floats, high: Floats, within: float, given: Given, samples: Floats | None
) -> Imported:
    """With samples, the narrowest kinds whose error on them is `within`; else those of which it is proved.

    Raises Untaken.
    """
    kinds = choose(network, low, high, within) if samples is None else _measured(network, low, high, within, samples)
    about = f"Off by {kinds.bound:.2g} at most, of features {_between(low, high)}."
    written, weights = text(network, kinds, replace(given, about=about))
    if samples is None:
        return Imported(written, weights, kinds, None, 0, None)
    some = samples[:SCORED]
    found, wanted = simulated(written, weights, some), network.scores(some)
    off = float(np.abs(found - wanted).max())
    about = f"{about} On {len(some)} samples it was {off:.2g}."
    return Imported(
        text(network, kinds, replace(given, about=about))[0],
        weights,
        kinds,
        off,
        len(some),
        float(np.mean(_class(found) == _class(wanted))) if network.decides else None,
    )


def _measured(network: Network, low: Floats, high: Floats, within: float, samples: Floats) -> Kinds:
    """What is emulated is off by less than what is asked for, since functions have errors of their own."""
    wanted = network.scores(samples)
    for kinds in tried(network, low, high):
        if float(np.abs(emulated(network, kinds, samples) - wanted).max()) <= 0.75 * within:
            return kinds
    raise Untaken("the model", f"no kinds keep its error within {within:g} on the samples")


def _class(scores: Floats) -> Array:
    return np.asarray(scores[:, 0] > 0 if scores.shape[1] == 1 else scores.argmax(axis=1), dtype=np.int64)


def _between(low: Floats, high: Floats) -> str:
    return f"from {float(np.min(low)):.4g} to {float(np.max(high)):.4g}" + (
        "" if np.ptp(low) == 0 and np.ptp(high) == 0 else ", each in a range of its own"
    )


def simulated(written: str, weights: Mapping[str, Floats], records: Floats) -> Floats:
    """The scores of records, bit for bit what a run gives.  Raises InputError for one out of the features' kind."""
    words = understand(Source("imported.ccr", written), {"RECORDS": str(len(records))}).words
    arrays = {**weights, "records": records}
    loaded: dict[str, Loaded] = {}
    for entry, type in words.inputs:
        spec = TensorSpec(entry.name, kind_of(type), type.shape)
        loaded[entry.name] = load_tensor(spec, InMemory(entry.name, {"": arrays[entry.name]}))
    values = evaluate(words.block, [], PartySources(loaded, RunSecret.of(0)))
    at = next(i for i, output in enumerate(words.outputs) if output.name == "scores")
    item = dict(words.block.numbered())[words.block.results[at]]
    assert not isinstance(item, Loop)
    return np.asarray(values[at] * float(item.type.scale), dtype=np.float64)
