"""`ccr import`: a trained model as a program that scores records by it."""

from __future__ import annotations

import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from runtime.authoring.floating import Floats
from runtime.authoring.importing import samples as sampled
from runtime.authoring.importing.model import Imported, imported
from runtime.authoring.importing.network import Network
from runtime.authoring.importing.text import RESERVED, Given
from runtime.authoring.importing.untaken import Untaken
from runtime.authoring.npz import npz
from runtime.cli.faults import faults, has_folder, saving
from runtime.cli.options import Json, UsageError, positive
from runtime.cli.party_names import checked_names
from runtime.cli.screen import result
from runtime.files import replace_bytes

_PICKLES = (".joblib", ".pkl", ".pickle")
_TORCH = (".pt", ".pth", ".ckpt", ".bin")
_SHARE = 0.01  # of the largest score, by which one may be off where nothing else is said

ModelFile = Annotated[
    str, typer.Argument(metavar="MODEL", show_default=False, help="A .onnx of a chain of layers, or a .joblib.")
]
Out = Annotated[
    Path,
    typer.Option(
        "-o",
        metavar="NAME.ccr",
        show_default=False,
        help="The program; NAME.npz has the weights. Neither may be there already.",
    ),
]
Samples = Annotated[
    str | None,
    typer.Option(
        "--samples",
        metavar="FILE",
        show_default=False,
        help="Records to measure the error on: a table, or an array of a .npy or .npz. Public or your own.",
    ),
]
Without = Annotated[
    list[str] | None,
    typer.Option(
        "--without",
        metavar="COLUMN",
        show_default=False,
        help="A column of the samples that is no feature. Once for each column.",
    ),
]
Range = Annotated[
    str | None,
    typer.Option(
        "--range",
        metavar="LOW,HIGH",
        show_default=False,
        help="Between which all features are; what a scaler in the model, or else the samples say, if not given.",
    ),
]
Within = Annotated[
    str | None,
    typer.Option(
        "--within",
        metavar="E",
        show_default=False,
        help="By how much a score may be off: a hundredth of the largest, if not given.",
    ),
]
RecordsOf = Annotated[int, typer.Option("--records", metavar="N", min=1, help="Records that are scored in one run.")]
Vendor = Annotated[str, typer.Option("--vendor", metavar="NAME", help="The party that has the model.")]
Owner = Annotated[str, typer.Option("--owner", metavar="NAME", help="The party that has the records.")]
Trust = Annotated[
    bool, typer.Option("--trust", help="Open a .joblib though it may run any code: only one that you made yourself.")
]


def import_(
    model: ModelFile,
    out: Out,
    samples: Samples = None,
    without: Without = None,
    range: Range = None,
    within: Within = None,
    records: RecordsOf = 16,
    vendor: Vendor = "vendor",
    owner: Owner = "owner",
    trust: Trust = False,
    json: Json = False,
) -> None:
    """Turn a trained model into a program that scores records by it, and its weights.

    From ONNX: Gemm, MatMul, Add, Conv, AveragePool, MaxPool, Relu, Sigmoid, Tanh, Softmax, Flatten and Reshape in a
    chain. From scikit-learn: linear models and MLPs, alone or behind scalers. Kinds are chosen by ranges, and the error
    is proved, with samples measured too.
    """
    with faults(json):
        if out.suffix != ".ccr":
            raise UsageError(f"-o {out} does not end in .ccr", "it is the program that is written")
        weights = out.with_suffix(".npz")
        _free(out, weights)
        has_folder(out)
        checked_names(vendor, owner, lambda name: RESERVED.fullmatch(name) is not None)
        network = _network(model, trust)
        given = Given(out.stem, Path(model).name, vendor, owner, records, "")
        try:
            some = None if samples is None else sampled.read(samples, without or (), network.shape)
            low, high = _range(network, range, some)
            off = _share(network, low, high, some) if within is None else float(positive("--within", within))
            found = imported(network, low, high, off, given, some)
        except Untaken as error:
            raise UsageError(f"{model}: {error}") from None
        for path, content in ((weights, npz(found.weights)), (out, found.text.encode())):
            with saving(path):
                replace_bytes(path, content)
        result(
            _as_json(found, out, weights),
            "\n".join([*_lines(found, out, weights, off), *_next(network, out, weights)]),
            json,
        )


def _network(model: str, trust: bool) -> Network:
    """Raises UsageError for what is not opened, cannot be, or cannot be taken."""
    ending = Path(model).suffix.lower()
    if ending in _TORCH:
        raise UsageError(
            f"{model} is a pickle of PyTorch, which is never opened", "torch.onnx.export makes a .onnx of it"
        )
    if ending in _PICKLES and not trust:
        raise UsageError(
            f"{model} is a pickle: to open it is to run whatever code is in it",
            "--trust opens it, if you made it yourself; anybody else's ask for as ONNX, which runs nothing",
        )
    if ending not in (*_PICKLES, ".onnx"):
        raise UsageError(f"{model} is neither .onnx nor .joblib", "skl2onnx and torch.onnx.export make a .onnx")
    module, extra = ("onnx", "onnx") if ending == ".onnx" else ("sklearn", "sklearn")
    if find_spec(module) is None:
        raise UsageError(f"a {ending} needs {module}, which is not installed", f"pip install 'ccr-lang[{extra}]'")
    try:
        if ending == ".onnx":
            from runtime.authoring.importing import onnx_graph

            return onnx_graph.read(model)
        from runtime.authoring.importing import estimators

        return estimators.read(model)
    except Untaken as error:
        raise UsageError(f"{model}: {error}", "what is taken is on docs/authoring.md") from None
    except ValueError as error:
        raise UsageError(f"{model}: {error}") from None


def _range(network: Network, given: str | None, samples: Floats | None) -> tuple[Floats, Floats]:
    """Of each feature.  Raises UsageError where nothing says it."""
    if given is not None:
        try:
            low, high = map(float, given.split(","))
        except ValueError:
            low = high = 0.0
        if not (np.isfinite([low, high]).all() and low < high):
            raise UsageError(f"--range {given} is not LOW,HIGH", "write --range=-1,1")
        return np.full(network.shape, low), np.full(network.shape, high)
    if network.low is not None and network.high is not None:
        if samples is None:
            return network.low, network.high
        return np.minimum(network.low, samples.min(axis=0)), np.maximum(network.high, samples.max(axis=0))
    if samples is None:
        raise UsageError("nothing says between which the features are", "give --samples FILE, or --range LOW,HIGH")
    return sampled.reach(samples)


def _share(network: Network, low: Floats, high: Floats, samples: Floats | None) -> float:
    """Of the largest score that samples, or records drawn from the range, have."""
    some = np.random.default_rng(0).uniform(low, high, (256, *network.shape)) if samples is None else samples
    return _SHARE * max(float(np.abs(network.scores(some)).max()), 1e-9)


def _lines(found: Imported, out: Path, weights: Path, off: float) -> list[str]:
    said = [f"{out}: the program; {weights}: the model's weights, which stay with their owner"]
    said.append(f"a score is off by {found.kinds.bound:.3g} at most, for features within their ranges")
    if found.measured is not None:
        agree = "" if found.agree is None else f", and {found.agree:.1%} had the same class"
        said.append(f"on {found.samples} samples it was {found.measured:.3g} at most{agree}; asked for were {off:.3g}")
    return said


def _next(network: Network, out: Path, weights: Path) -> list[str]:
    """Commands, but for what stands in capitals: the owner's FILE of N records, of a table the columns."""
    program, model = shlex.quote(str(out)), shlex.quote(str(weights))
    columns = " --columns records=A,B,..." if len(network.shape) == 1 else ""
    return [
        f"next: ccr inspect {program}",
        f"      ccr simulate {program} --inputs {model} --input records=FILE{columns} -D RECORDS=N",
    ]


def _as_json(found: Imported, out: Path, weights: Path) -> dict[str, object]:
    return {
        "program": str(out),
        "weights": str(weights),
        "bound": found.kinds.bound,
        "measured": found.measured,
        "samples": found.samples,
        "same_class": found.agree,
    }


def _free(*files: Path) -> None:
    """Raises UsageError where something is there."""
    if there := [file for file in files if file.exists()]:
        raise UsageError(f"{there[0]} is there already", "give another name with -o, or remove it")
