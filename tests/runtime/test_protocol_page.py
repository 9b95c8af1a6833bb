"""docs/protocol.md: its diagrams are what the command draws from the session's table, and its table has every frame."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.net.frames import Frame
from runtime.session import state
from runtime.session.draw import draw
from runtime.session.state import TABLE, Role, State, Way

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "protocol.md").read_text()


def test_the_page_shows_what_the_command_prints() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "runtime.session.draw"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert printed == draw()
    assert PAGE.endswith(printed), "write the output of `python -m runtime.session.draw` to the end of docs/protocol.md"


def test_every_move_is_drawn() -> None:
    text = draw()
    for role in Role:
        _, _, diagram = text.partition(f"The {role.value}:")
        for (before, way, frame), then in TABLE[role].items():
            verb = "sends" if way is Way.SEND else "receives"
            assert f"{before.name} --> {then.name}: {verb} {frame.name}\n" in diagram.partition("```\n")[0]


def test_the_drawing_follows_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(state.TABLE[Role.GARBLER], (State.RUNNING, Way.SEND, Frame.READY), State.ENDED)
    assert "    RUNNING --> ENDED: sends READY\n" in draw()


def test_every_frame_is_explained_with_who_sends_it() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| ([a-z ]+) \|", PAGE, re.MULTILINE))
    sent = {f: [r.value for r in Role if any(k[1:] == (Way.SEND, f) for k in TABLE[r])] for f in Frame}
    outside = {Frame.READY: "who listens", Frame.ABORT: "both"}
    said = {f.name: outside.get(f, "both" if len(who) == 2 else "".join(who)) for f, who in sent.items()}
    assert rows == said
