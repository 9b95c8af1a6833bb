"""The C part, which is optional: where it cannot be built, numpy does what it does.  All else is in pyproject.toml."""

from __future__ import annotations

from pathlib import Path

from setuptools import Extension, setup

FOLDER = Path("runtime/execute/native")

setup(
    ext_modules=[
        Extension(
            "runtime.execute.native._kernel",
            sources=sorted(map(str, FOLDER.glob("*.c"))),
            depends=sorted(map(str, FOLDER.glob("*.h"))),
            extra_compile_args=["-O3"],
            py_limited_api=True,
            optional=True,
        )
    ],
    data_files=[("share/man/man1", ["docs/ccr.1"])],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},  # one wheel for 3.11 and later
)
