"""A model's arrays on the command line: one by one, all at once, several outputs into one file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from support.command import HERE, call, finish, port, start

from runtime import api
from runtime.data.errors import InputError
from runtime.party import agreed
from runtime.report import saved

# What comes out has been seen from all sides: a matrix, a square one, a vector, a number.
ECHO = """
party vendor; party shop;
input first: fix<8, 4>[2, 3] from vendor;
input square: fix<8, 4>[2, 2] from vendor;
input bias: fix<8, 4>[3] from vendor;
input step: uint<4> from vendor;
input x: fix<8, 4>[2] from shop;
output w = first to vendor;
output square to vendor;
output steps = step to vendor;
let score: fix<20, 8>[3] = x @ first + bias;
output reveal(score) to shop;
"""
FIRST, SQUARE, BIAS = np.array([[1, -2, 0.5], [0, 1, 2]]), np.array([[1.0, 2], [3, 4]]), np.array([0.25, 0, -1])
SCORE = [2 * 1 + 0.25, 2 * -2 + 3, 2 * 0.5 + 6 - 1]  # of x = (2, 3)
MAP = "--map=first=fc.weight:T,square=sq:T,bias=fc.bias,w=fc.weight:T,steps=n,step=n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Here, with the program, a model as torch would save it, and as NumPy would, under the program's names."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "echo.ccr").write_text(ECHO)
    torch = {"fc.weight": FIRST.T.astype(np.float32), "sq": SQUARE.T.astype(np.float16), "fc.bias": BIAS}
    torch = {name: np.ascontiguousarray(array) for name, array in torch.items()}
    safetensors.numpy.save_file({**torch, "n": np.array(3), "other": np.ones((2, 3))}, tmp_path / "model.safetensors")
    np.savez(tmp_path / "model.npz", first=FIRST, square=SQUARE, bias=BIAS, step=3)
    np.savez(tmp_path / "x.npz", x=np.array([2.0, 3.0]))
    return tmp_path


def simulated(*more: str, file: str = "echo.ccr") -> Any:
    done = call("simulate", file, *more, "--json")
    assert done.exit_code == 0, (done.stderr, done.exception)
    return json.loads(done.stdout)["outputs"]


def refused(*more: str, command: str = "simulate") -> str:
    done = call(command, "echo.ccr", *more)
    assert done.exit_code == 2, (done.stdout, done.stderr, done.exception)
    return done.stderr


def right(outputs: Any) -> bool:
    expected = {"w": FIRST.tolist(), "square": SQUARE.tolist(), "steps": 3, "score": SCORE}
    return bool(outputs == expected)


ONE_BY_ONE = [
    *("--input", "first=model.safetensors:fc.weight:T", "--input", "square=model.safetensors:sq:T"),
    *("--input", "bias=model.safetensors:fc.bias", "--input", "step=model.safetensors:n", "--input", "x=x.npz"),
]


def test_inputs_one_by_one(folder: Path) -> None:
    assert right(simulated(*ONE_BY_ONE))


def test_all_inputs_by_their_names(folder: Path) -> None:
    assert right(simulated("--inputs", "model.npz", "--input", "x=x.npz"))
    assert right(simulated("--inputs", "model.npz", "--inputs", "x.npz")), "each is in one of the files"


def test_all_inputs_by_a_map(folder: Path) -> None:
    assert right(simulated("--inputs", "model.safetensors", "--inputs", "x.npz", MAP, "--outputs", "o.npz"))
    own = ["--map", "first=fc.weight:T", "--map", "bias=fc.bias,step=n"]
    assert right(simulated("--inputs", "model.safetensors", "--inputs", "x.npz", "--input", "square=model.npz", *own))


def test_arrays_that_no_input_reads_are_told(folder: Path) -> None:
    done = call("simulate", "echo.ccr", "--inputs", "model.safetensors", "--inputs", "x.npz", MAP, "--outputs", "o.npz")
    assert "model.safetensors: no input reads `other`\n" in done.stderr


def test_a_transpose_keeps_to_the_names_own(folder: Path) -> None:
    """`:T` alone: the array has the input's name, and lies there transposed."""
    np.savez("turned.npz", first=FIRST.T, square=SQUARE, bias=BIAS, step=3)
    assert right(simulated("--inputs", "turned.npz", "--inputs", "x.npz", "--map", "first=:T"))
    assert right(simulated("--inputs", "turned.npz", "--inputs", "x.npz", "--input", "first=turned.npz::T"))


def test_an_artifact_takes_the_same(folder: Path) -> None:
    assert call("compile", "echo.ccr").exit_code == 0
    assert right(simulated(*ONE_BY_ONE, file="echo.ccrc"))


def test_python_takes_the_same(folder: Path) -> None:
    program = api.compile("echo.ccr")
    given = dict(text.split("=", 1) for text in ONE_BY_ONE[1::2])
    outputs = api.simulate(program, given)
    assert (outputs["w"] / 16).tolist() == FIRST.tolist() and (outputs["score"] / 256).tolist() == SCORE


def test_an_array_is_looked_at_beforehand(folder: Path) -> None:
    done = call("data", "show", "model.safetensors:fc.weight:T", "echo.ccr", "--for", "first")
    assert done.exit_code == 0 and "all of it can be used" in done.stdout, done.stderr
    done = call("data", "show", "model.safetensors:fc.weight", "echo.ccr", "--for", "first")
    assert done.exit_code == 2 and "to transpose it write first=model.safetensors:fc.weight:T" in done.stderr


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_outputs_become_inputs(folder: Path, ending: str) -> None:
    """As they lie in a model of torch, and back."""
    out = f"tuned.{ending}"
    simulated("--inputs", "model.safetensors", "--inputs", "x.npz", MAP, "--outputs", out)
    read = dict(np.load(out)) if ending == "npz" else safetensors.numpy.load_file(out)
    floats = dict.fromkeys(("fc.weight", "sq", "score"), np.float64)
    assert {name: array.dtype for name, array in read.items()} == {**floats, "n": np.int64}
    assert read["fc.weight"].tolist() == FIRST.T.tolist() and read["sq"].tolist() == SQUARE.T.tolist()
    again = ["--inputs", out, "--inputs", "x.npz", "--input", "bias=model.npz"]
    assert right(simulated(*again, MAP.replace("bias=fc.bias,", ""), "--outputs", "again.npz"))
    assert Path(out).stat().st_mode & 0o777 == 0o600


def test_some_outputs_in_one_file(folder: Path) -> None:
    done = call(
        *("simulate", "echo.ccr", "--inputs", "model.npz", "--inputs", "x.npz"),
        *(
            "--output",
            "w=o.safetensors:fc.weight:T",
            "--output",
            "square=./o.safetensors:sq",
            "--output",
            "steps=n.npy",
        ),
    )
    assert "w saved in o.safetensors:fc.weight:T\n" in done.stdout and "steps saved in n.npy" in done.stdout
    read = safetensors.numpy.load_file("o.safetensors")
    assert read.keys() == {"fc.weight", "sq"} and read["fc.weight"].tolist() == FIRST.T.tolist()
    assert f"score = [{', '.join(f'{n:g}' for n in SCORE)}]" in done.stdout
    simulated("--inputs", "model.npz", "--inputs", "x.npz", "--output", "w=p.npz", "--output", "square=p.npz")
    assert dict(np.load("p.npz")).keys() == {"w", "square"}


def test_a_run_of_both_parties(folder: Path) -> None:
    inputs = ("--inputs", "model.safetensors", "--inputs", "x.npz")
    done = call("run", "echo.ccr", *inputs, MAP, "--outputs", "o.npz", "--not-private", "--quiet", "--json")
    assert done.exit_code == 0, (done.stderr, done.exception)
    told = json.loads(done.stdout)
    assert right(told["outputs"])
    assert told["learned"]["vendor"][0]["file"] == "o.npz" and told["learned"]["vendor"][0]["array"] == "fc.weight"
    read = dict(np.load("o.npz"))
    assert read["fc.weight"].tolist() == FIRST.T.tolist() and read["score"].tolist() == SCORE
    assert list(folder.glob(".*")) == []


def test_a_run_of_each_party(folder: Path) -> None:
    """Each gives its own inputs, and saves what it learns."""
    for name in ("vendor", "shop"):
        assert call("keys", "new", name).exit_code == 0
    own = {name: ("--key", f"{name}.key", "--cert", f"{name}.crt", "--quiet") for name in ("vendor", "shop")}
    shop = ("--as", "shop", *own["shop"], "--peer", "vendor.crt", "--inputs", "x.npz", "--outputs", "shop.npz")
    listening = start("run", "echo.ccr", *[a for a in shop if a != "--quiet"], "--listen", f"{HERE}:0")
    vendor = ("--as", "vendor", *own["vendor"], "--peer", "shop.crt", "--connect", f"{HERE}:{port(listening)}")
    ended = finish(
        start("run", "echo.ccr", *vendor, "--inputs", "model.safetensors", MAP, "--outputs", "v.safetensors")
    )
    assert ended[0] == 0 and "saved in v.safetensors:fc.weight:T" in ended[1], ended
    assert finish(listening)[0] == 0
    assert safetensors.numpy.load_file("v.safetensors").keys() == {"fc.weight", "sq", "n"}
    assert np.load("shop.npz")["score"].tolist() == SCORE


def test_a_model_that_changes_while_it_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("vendor", "shop"):
        assert call("keys", "new", name).exit_code == 0

    def changes(*given: Any) -> Any:
        sources = meet_prepare(*given)
        (folder / "model.npz").touch()
        return sources

    meet_prepare = agreed.prepare
    monkeypatch.setattr(agreed, "prepare", changes)
    own = ("--as", "vendor", "--key", "vendor.key", "--cert", "vendor.crt", "--peer", "shop.crt")
    told = refused(*own, "--connect", f"{HERE}:9", *_all("model.npz"), "--wait", "0.1", command="run")
    assert "model.npz: it was changed while it was read" in told


def _all(file: str) -> list[str]:
    return [part for name in ("first", "square", "bias", "step") for part in ("--input", f"{name}={file}:{name}")]


GIVEN = ("--inputs", "model.npz", "--inputs", "x.npz")
WRONG = {
    "a name that is not there": (
        ("--inputs", "model.safetensors", "--inputs", "x.npz", "--map", "first=fc.wieght:T"),
        ["model.safetensors: there is no array `fc.wieght`; it holds `fc.weight` [3, 2], ", "x.npz: there is no array"],
    ),
    "no name, one file": (
        ("--inputs", "model.safetensors", "--input", "x=x.npz"),
        [
            "model.safetensors: there is no array `first`; it holds `fc.weight` [3, 2], ",
            "say what it is called there, --map first=fc.weight:T, or ",
        ],
    ),
    "no shape, one file": (
        ("--inputs", "x.npz"),
        [
            "x.npz: there is no array `first`; it holds `x` [2]",
            "none of them has its shape, [2, 3]: give --input first=",
        ],
    ),
    "in two files": (
        ("--inputs", "model.npz", "--inputs", "./model.npz", "--inputs", "x.npz"),
        ["`first` is in `model.npz` and `./model.npz`", "--input first=model.npz:first"],
    ),
    "transposed, not said": (
        (
            "--inputs",
            "model.safetensors",
            "--inputs",
            "x.npz",
            "--map",
            "first=fc.weight,square=sq,bias=fc.bias,step=n",
        ),
        [
            "`fc.weight` has shape [3, 2] where the program needs [2, 3] for `first`",
            "first=model.safetensors:fc.weight:T",
        ],
    ),
    "a pickle": (("--inputs", "model.pt"), ["a .pt file is a pickle, which is never opened"]),
    "a table": (("--inputs", "x.csv"), ["x.csv: its arrays have no names", "give a .npz or .safetensors file"]),
    "no file": (("--inputs", "none.npz"), ["none.npz: there is no such file"]),
    "a map of nothing": ((*GIVEN, "--map", "frst=a"), ["no input or output `frst`", "perhaps `first`"]),
    "a map alone": (("--map", "first=a"), ["--map goes with --inputs or --outputs"]),
    "a map of an output, not saved": ((*GIVEN, "--map", "w=a"), ["--map w= goes with --outputs"]),
    "a map of an input, not read": ((*ONE_BY_ONE, "--outputs", "o.npz", "--map", "bias=a"), ["goes with --inputs"]),
    "said twice": ((*GIVEN, "--map", "bias=b", "--input", "bias=model.npz"), ["say the same thing twice"]),
    "mapped twice": ((*GIVEN, "--map", "bias=b,bias=c"), ["`--map bias=` is given twice"]),
    "no map": ((*GIVEN, "--map", "bias"), ["`--map bias` is not NAME=VALUE"]),
    "nothing is left to be read": (
        (*ONE_BY_ONE, "--inputs", "model.npz"),
        ["no input is left for --inputs", "leave it out, or leave out --input first="],
    ),
    "one name twice": (
        (*GIVEN, "--output", "w=o.npz:a", "--output", "steps=./o.npz:a"),
        ["o.npz: two outputs are to be saved as `a`"],
    ),
    "one file of one array twice": (
        (*GIVEN, "--output", "w=o.npy", "--output", "steps=./o.npy"),
        ["a .npy file holds one array, and 2 are to be saved in it", "save them in .npz or .safetensors"],
    ),
    "a name in a file without": ((*GIVEN, "--output", "w=o.csv:a"), ["there is no place for the name `a`"]),
    "all in a file of one": ((*GIVEN, "--outputs", "o.npy"), ["--outputs o.npy: its arrays have no names"]),
    "no such format": ((*GIVEN, "--output", "w=o.pt:a"), ["an output has no such format"]),
    "no matrix": ((*GIVEN, "--output", "steps=o.npz:n:T"), ["`steps` is no matrix, which alone is transposed"]),
    "a name that is no tensor's": (
        (*GIVEN, "--output", "w=o.safetensors:__metadata__"),
        ["'__metadata__' is not the name of an array"],
    ),
    "bytes that are no text": ((*GIVEN, "--output", "w=o.npz:a\udcff"), ["is not the name of an array"]),
    "other arrays would be lost": (
        (*GIVEN, "--output", "w=model.safetensors:fc.weight:T"),
        ["model.safetensors: it holds `fc.bias` and 3 more, which would be lost"],
    ),
}


@pytest.mark.parametrize("how", WRONG)
def test_what_is_wrong_is_told_before_the_work(folder: Path, how: str) -> None:
    arguments, said = WRONG[how]
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    told = refused(*arguments)
    assert [words for words in said if words not in told] == [], told
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_nothing_is_left_to_be_saved(folder: Path) -> None:
    every = [part for name in ("w", "square", "steps", "score") for part in ("--output", f"{name}={name}.npy")]
    assert "no output is left for --outputs" in refused(*GIVEN, *every, "--outputs", "o.npz")


def test_a_party_that_is_none(folder: Path) -> None:
    for name in ("vendor", "shop"):
        assert call("keys", "new", name).exit_code == 0
    own = (
        "--as",
        "bank",
        "--key",
        "vendor.key",
        "--cert",
        "vendor.crt",
        "--peer",
        "shop.crt",
        "--connect",
        f"{HERE}:9",
    )
    assert "the program has no party `bank`" in refused(*own, *GIVEN, command="run")


def test_the_same_names_are_replaced(folder: Path) -> None:
    for _ in range(2):
        simulated(*GIVEN, "--outputs", "o.npz")
    (folder / "o.npz").write_text("no archive")
    simulated(*GIVEN, "--outputs", "o.npz")
    assert dict(np.load("o.npz")).keys() == {"w", "square", "steps", "score"}


def test_outputs_that_cannot_be_saved_together_are_saved_together_elsewhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise InputError("cannot be written: No space left on device", help="check the path", file="o.npz")

    monkeypatch.setattr(saved, "fill", fails)
    done = call("run", "echo.ccr", *GIVEN, "--outputs", "o.npz", "--not-private", "--quiet", "--json")
    learned = json.loads(done.stdout)["learned"]["vendor"]
    assert done.exit_code == 1 and "No space left" in done.stderr
    (where,) = {output["file"] for output in learned}
    assert where != "o.npz" and f"`w` is saved in {where}:w" in done.stderr
    assert dict(np.load(where)).keys() == {"w", "square", "steps", "score"}
