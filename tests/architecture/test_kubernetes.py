"""The values that docs/cluster.md gives the chart of Dask: no test starts it, but what they say fits the page."""

from __future__ import annotations

import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest

from runtime.cli.clusters import Cluster

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "kubernetes"
PAGE = (ROOT / "docs" / "cluster.md").read_text()
KNOWN: dict[str, Any] = {  # of the chart's own values.yaml, what a party needs
    "scheduler": {"image": {"repository", "tag", "pullPolicy"}, "serviceType": set()},
    "webUI": {"ingress": {"enabled"}},
    "worker": {
        "image": {"repository", "tag", "pullPolicy", "dask_worker"},
        "replicas": set(),
        "threads_per_worker": set(),
        "resources": {"limits", "requests"},
    },
    "jupyter": {"enabled": set()},
}


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / "values.yaml").read_text())
    return loaded


def unknown(values: dict[str, Any], known: dict[str, Any] | set[str], where: str = "") -> list[str]:
    """Names that the chart does not have: it would ignore them without a word."""
    found = [f"{where}{name}" for name in values if name not in known]
    for name, inner in values.items():
        if isinstance(inner, dict) and isinstance(known, dict) and known.get(name):
            found += unknown(inner, known[name], f"{where}{name}.")
    return found


def test_the_chart_has_all_names(values: dict[str, Any]) -> None:
    assert unknown(values, KNOWN) == []
    assert unknown({"worker": {"replica": 8}, "workers": {}}, KNOWN) == ["workers", "worker.replica"]


def test_one_worker_of_ccr_is_one_pod_of_one_core(values: dict[str, Any]) -> None:
    worker = values["worker"]
    assert worker["threads_per_worker"] == 1 == worker["resources"]["limits"]["cpu"]
    assert worker["resources"]["requests"] == worker["resources"]["limits"]


def test_nobody_outside_reaches_what_runs_what_it_is_sent(values: dict[str, Any]) -> None:
    assert values["scheduler"]["serviceType"] == "ClusterIP"
    assert values["jupyter"]["enabled"] is False and values["webUI"]["ingress"]["enabled"] is False


def test_all_have_one_image_with_ccr(values: dict[str, Any]) -> None:
    scheduler, worker = values["scheduler"]["image"], dict(values["worker"]["image"])
    command = worker.pop("dask_worker")
    assert scheduler == worker
    made = (FOLDER / "Containerfile").read_text()
    assert command == "dask-worker" and "for part in scheduler worker" in made and "/opt/ccr/bin/dask-$part" in made
    assert "ENV PATH=/opt/ccr/bin" in (ROOT / "Containerfile").read_text() and "ENTRYPOINT []" in made
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["cluster"]
    assert all(f"'{each}'" in made for each in needed)


def test_the_page_runs_what_the_values_start(values: dict[str, Any]) -> None:
    section = PAGE.split("### Kubernetes")[1].split("\n## ")[0]
    [line] = [line for line in section.splitlines() if "ccr run" in line and "--cluster" in line]
    words = shlex.split(line)
    given = {option: words[words.index(option) + 1] for option in ("--cluster", "--workers", "--as")}
    asked = Cluster.of(given["--cluster"], int(given["--workers"]), None, given["--as"], "--listen" in words)
    assert asked is not None and asked.workers == values["worker"]["replicas"]
    [release] = {line.split()[2] for line in section.splitlines() if "helm install" in line}
    assert given["--cluster"] == f"tcp://{release}-dask-scheduler:8786"  # as the chart names its service
    assert "docs/kubernetes/values.yaml" in section and "docs/kubernetes/Containerfile" in section
