"""The session's table as Mermaid diagrams, one for each role; `python -m runtime.session.draw` prints them."""

from __future__ import annotations

from collections.abc import Iterator

from runtime.session.state import TABLE, Role, State, Way

_VERB = {Way.SEND: "sends", Way.RECEIVE: "receives"}


def draw() -> str:
    return "\n".join(line for role in Role for line in _diagram(role))


def _diagram(role: Role) -> Iterator[str]:
    """ABORT is not drawn: it may pass in every state, and ends the session."""
    yield from (f"The {role.value}:", "", "```mermaid", "stateDiagram-v2")
    yield f"    [*] --> {State.START.name}"
    for (state, way, frame), then in TABLE[role].items():
        yield f"    {state.name} --> {then.name}: {_VERB[way]} {frame.name}"
    yield f"    {State.DONE.name} --> [*]"
    yield from ("```", "")


if __name__ == "__main__":
    print(draw(), end="")
