"""A model's arrays: which one of a file is read, never transposed unasked, and what is told if none fits."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from runtime.data.content import content
from runtime.data.errors import InputError
from runtime.data.load import load_dataset, load_inputs, load_tensor
from runtime.data.references import Reference
from runtime.data.save import Member, save
from runtime.data.specs import DatasetSpec, FieldSpec, Kind, TensorSpec

WEIGHT = Kind(16, 10, True)
W1 = TensorSpec("w1", WEIGHT, (3, 2))
SQUARE = TensorSpec("sq", WEIGHT, (2, 2))
BIAS = TensorSpec("b1", WEIGHT, (2,))
FC1 = np.array([[0.5, -1.0, 2.0], [3.0, 0.25, 1.0]])  # (out, in), as torch keeps a Linear's weight
STATE = {
    "fc1.weight": FC1.astype(np.float32),
    "fc1.bias": np.array([1.5, -0.5], dtype=np.float16),
    "sq.weight": np.array([[1, 2], [3, 4]], dtype=np.float32),
    "steps": np.array(7),
    "conv.weight": np.ones((3, 1, 2), dtype=np.float32),
}


@pytest.fixture(params=["safetensors", "npz"])
def model(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    path = tmp_path / f"model.{request.param}"
    if request.param == "npz":
        np.savez(path, **STATE)
    else:
        safetensors.numpy.save_file(STATE, path)
    return str(path)


def read(spec: TensorSpec, value: str) -> Any:
    return (load_tensor(spec, value) / 1024).tolist()


def refused(spec: TensorSpec | DatasetSpec, value: str) -> InputError:
    with pytest.raises(InputError) as caught:
        load_inputs([spec], {spec.name: value})
    return caught.value


@pytest.mark.parametrize(
    ("text", "path", "array", "transposed"),
    [
        ("w.npz", "w.npz", "", False),
        ("w.npz:a", "w.npz", "a", False),
        ("d/m.safetensors:fc1.weight", "d/m.safetensors", "fc1.weight", False),
        ("m.safetensors:fc1.weight:T", "m.safetensors", "fc1.weight", True),
        ("m.safetensors::T", "m.safetensors", "", True),
        ("m.npz:T", "m.npz", "T", False),  # an array of that name
        ("m.npz:T:T", "m.npz", "T", True),
        ("m.npz:fc.T", "m.npz", "fc.T", False),
        ("m.safetensors:dense/kernel:0", "m.safetensors", "dense/kernel:0", False),
        ("m.npz:a.npz:b", "m.npz", "a.npz:b", False),
        ("w.npy::T", "w.npy", "", True),
        ("m.pt:fc1.weight", "m.pt", "fc1.weight", False),
        ("-0.25", "-0.25", "", False),
    ],
)
def test_a_reference(text: str, path: str, array: str, transposed: bool) -> None:
    assert Reference.of(text) == Reference(path, array, transposed) and str(Reference.of(text)) == text


def test_a_colon_and_nothing(model: str) -> None:
    assert "no name follows the colon" in refused(W1, f"{model}:").what


def test_an_array_by_its_name(model: str) -> None:
    assert read(BIAS, f"{model}:fc1.bias") == [1.5, -0.5]
    assert read(TensorSpec("n", WEIGHT, ()), f"{model}:steps") == 7.0
    assert int(load_tensor(TensorSpec("n", Kind(8, 0, False), ()), f"{model}:steps")) == 7


def test_only_what_is_said_to_be_transposed_is(model: str) -> None:
    assert read(W1, f"{model}:fc1.weight:T") == FC1.T.tolist()
    assert read(SQUARE, f"{model}:sq.weight") == [[1, 2], [3, 4]]
    assert read(SQUARE, f"{model}:sq.weight:T") == [[1, 3], [2, 4]]


@pytest.mark.parametrize("ending", ["npy", "csv"])
def test_a_file_of_one_array_transposed(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"w.{ending}"
    np.save(path, FC1) if ending == "npy" else path.write_text("w1[0],w1[1],w1[2]\n0.5,-1,2\n3,0.25,1\n")
    assert read(W1, f"{path}::T") == FC1.T.tolist()
    error = refused(W1, f"{path}:T")
    assert "there is no `T` to be found: only arrays of .npz or .safetensors files have names" in error.what
    assert f"{path}::T transposes it" in error.help


def test_how_a_shape_is_mended(model: str) -> None:
    error = refused(W1, f"{model}:fc1.weight")
    assert error.what == "`fc1.weight` has shape [2, 3] where the program needs [3, 2] for `w1`"
    assert error.help == f"to transpose it write w1={model}:fc1.weight:T" and error.file == model
    error = refused(TensorSpec("w1", WEIGHT, (2, 3)), f"{model}:fc1.weight:T")
    assert error.what == "`fc1.weight` has shape [2, 3], [3, 2] if transposed, where the program needs [2, 3] for `w1`"
    assert error.help == f"to leave it as it is write w1={model}:fc1.weight"
    error = refused(W1, f"{model}:conv.weight")
    assert "[3, 1, 2]" in error.what and ".reshape(3, 2)" in error.help
    error = refused(BIAS, f"{model}:steps")
    assert error.what == "`steps` has shape [] where the program needs [2] for `b1`"
    error = refused(TensorSpec("x", WEIGHT, ()), f"{model}:fc1.bias")
    assert "[2] where the program needs [] for `x`" in error.what and "name another array" in error.help
    assert "which alone is transposed" in refused(BIAS, f"{model}:fc1.bias:T").what


def test_a_row_of_coefficients_is_no_vector(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", coef=np.ones((1, 2)), intercept=np.ones(1))
    assert ".reshape(2)" in refused(BIAS, f"{tmp_path / 'm.npz'}:coef").help
    assert ".reshape(())" in refused(TensorSpec("c", WEIGHT, ()), f"{tmp_path / 'm.npz'}:intercept").help


def test_the_names_there_are_told_the_likely_first(model: str) -> None:
    error = refused(W1, f"{model}:fc1.wieght")
    assert error.what.startswith("there is no array `fc1.wieght`; it holds `fc1.weight` [2, 3], ")
    assert "`steps` []" in error.what and error.help == f"say which one it is: w1={model}:fc1.weight"
    assert refused(W1, model).what.startswith("there is no array `w1`; it holds `fc1.weight` [2, 3], "), "by its shape"


def test_of_many_names_ten_are_told(tmp_path: Path) -> None:
    many = {f"layer.{i}.weight": np.ones(2, np.float32) for i in range(40)}
    safetensors.numpy.save_file(many, tmp_path / "m.safetensors")
    told = refused(BIAS, f"{tmp_path / 'm.safetensors'}:layer.40.weight").what
    assert told.count("[2]") == 10 and told.endswith(" and 30 more")


def test_a_value_that_does_not_fit_is_counted_and_shown(tmp_path: Path) -> None:
    values = np.zeros((2, 30), np.float32)
    values[1, 5:20] = 100
    safetensors.numpy.save_file({"fc": values}, tmp_path / "m.safetensors")
    error = refused(TensorSpec("w", WEIGHT, (30, 2)), f"{tmp_path / 'm.safetensors'}:fc:T")
    assert error.column == "fc[1, 5]", "where it lies in the file"
    assert "100.0 is out of range of `fix<16, 10>`" in error.what and 'column "fc[1, 14]"' in error.what
    assert "fc[1, 15]" not in error.what and "15 cells cannot be used, of which these are the first 10" in error.what


def test_fractions_are_no_integers(tmp_path: Path) -> None:
    safetensors.numpy.save_file({"n": np.array([1.0, 2.5], np.float32)}, tmp_path / "m.safetensors")
    error = refused(TensorSpec("n", Kind(8, 0, False), (2,)), f"{tmp_path / 'm.safetensors'}:n")
    assert "2.5 is no integer, as `uint<8>` needs" in error.what and error.column == "n[1]"


@pytest.mark.parametrize("ending", ["pt", "pth", "ckpt", "bin", "pkl", "pickle", "joblib", "PT"])
@pytest.mark.parametrize("array", ["", ":fc1.weight"])
def test_a_pickle_is_never_opened(tmp_path: Path, ending: str, array: str) -> None:
    path = tmp_path / f"model.{ending}"  # it need not even be there
    for error in (refused(W1, f"{path}{array}"), refused(DatasetSpec("r", (FieldSpec("x", WEIGHT, ()),)), str(path))):
        assert f"a .{ending.lower()} file is a pickle, which is never opened" in error.what
        assert ("safetensors.torch.save_file" if ending in ("pt", "PT", "bin") else "save") in error.help
    with pytest.raises(InputError, match="is a pickle"):
        content_of(str(path))


def content_of(path: str) -> object:
    return load_dataset(DatasetSpec("r", (FieldSpec("x", WEIGHT, ()),)), path)


def test_a_data_set_is_a_whole_file(model: str) -> None:
    records = DatasetSpec("records", (FieldSpec("x", WEIGHT, (3,)), FieldSpec("y", WEIGHT, ())))
    error = refused(records, f"{model}:fc1.weight")
    assert "`records` is a data set, which is a whole file" in error.what and "`x`, `y`" in error.help


def test_archives_of_other_things(tmp_path: Path) -> None:
    path = str(tmp_path / "m.npz")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}q\x00.")
    assert "`archive/data.pkl` is no array" in refused(W1, path).what
    np.savez(path, good=FC1.T, bad=np.array([None, {}]))
    assert read(W1, f"{path}:good") == FC1.T.tolist(), "what is not asked for is not opened"
    assert "never unpickled" in refused(W1, f"{path}:bad").what
    assert "there is no array `goood`; it holds `good` [3, 2], `bad`" in refused(W1, f"{path}:goood").what
    (tmp_path / "m.npy").write_bytes(Path(path).read_bytes())
    assert "let its name end in .npz" in refused(W1, str(tmp_path / "m.npy")).help


def test_a_damaged_array(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    np.savez_compressed(path, w1=np.random.default_rng(1).normal(size=(3, 2)))
    whole = bytearray(path.read_bytes())
    for at in range(60, len(whole) - 120):
        path.write_bytes(bytes([*whole[:at], whole[at] ^ 0x55, *whole[at + 1 :]]))
        try:
            load_tensor(W1, str(path))
        except InputError:
            continue


kinds = st.builds(
    lambda bits, signed, fraction: Kind(bits + signed, min(fraction, bits), signed),
    st.integers(1, 53),
    st.booleans(),
    st.integers(0, 53),
)
shapes = st.sampled_from([(), (1,), (5,), (2, 3), (3, 3), (1, 4), (2, 2, 2), (0,)])


@st.composite
def outputs(draw: st.DrawFn) -> tuple[Member, NDArray[np.int64], bool]:
    kind, shape, name = draw(kinds), draw(shapes), draw(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
    size = int(np.prod(shape))
    values = draw(st.lists(st.integers(kind.low, kind.high) | st.just(kind.low), min_size=size, max_size=size))
    return (
        Member(f"a{name}b", kind, shape),
        np.array(values, dtype=np.int64).reshape(shape),
        draw(st.booleans()) and len(shape) == 2,
    )


@given(
    st.lists(outputs(), min_size=1, max_size=4, unique_by=lambda o: o[0].name), st.sampled_from(["npz", "safetensors"])
)
def test_outputs_are_read_back_as_inputs(
    tmp_path_factory: pytest.TempPathFactory, found: list[tuple[Member, NDArray[np.int64], bool]], ending: str
) -> None:
    """Of every kind, several in a file, transposed or not; bit for bit."""
    path = str(tmp_path_factory.getbasetemp() / f"outputs.{ending}")
    save(
        path,
        {
            Member(m.name, m.kind, m.shape[::-1] if turned else m.shape): values.T if turned else values
            for m, values, turned in found
        },
    )
    for member, values, turned in found:
        reference = str(Reference(path, member.name, turned))
        read = load_tensor(TensorSpec("x", member.kind, member.shape), reference)
        assert read.shape == values.shape and np.array_equal(read, values)


def test_the_identity_of_records_in_halves(tmp_path: Path) -> None:
    """bfloat16 and float16 hold these numbers exactly: the same records as in float64."""
    x = np.array([0.5, -0.25, 1.0])
    spec = DatasetSpec("r", (FieldSpec("x", WEIGHT, ()),))
    safetensors.numpy.save_file({"x": x.astype(np.float16)}, tmp_path / "h.safetensors")
    safetensors.numpy.save_file({"x": x}, tmp_path / "d.safetensors")
    halves, doubles = (load_dataset(spec, str(tmp_path / f"{name}.safetensors")) for name in "hd")
    assert content(spec, halves).digest == content(spec, doubles).digest
