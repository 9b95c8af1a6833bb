"""The session as one table: in each state, which frames a party may send and receive, and what state follows.

No I/O here.  Anything that the table does not list is a ProtocolError, whichever side does it.
"""

from __future__ import annotations

from enum import Enum, auto

from runtime.net.errors import ProtocolError
from runtime.net.frames import Frame


class Role(Enum):
    GARBLER = "garbler"
    EVALUATOR = "evaluator"


class State(Enum):
    START = auto()
    GREETED = auto()  # own HELLO sent
    AGREED = auto()  # the peer's HELLO fits
    HIRED = auto()  # the garbler's workers are named
    INTRODUCED = auto()  # the evaluator's are
    PAIRED = auto()  # each can find the other's
    SEEDED = auto()
    CHOSEN = auto()  # base transfers, message by message
    OFFERED = auto()
    ANSWERED = auto()
    RUNNING = auto()
    RETURNED = auto()  # the garbler's outputs are with it
    RELEASED = auto()  # the evaluator's outputs are with it
    DONE = auto()
    ENDED = auto()  # by ABORT


class Way(Enum):
    SEND = "send"
    RECEIVE = "receive"


Key = tuple[State, Way, Frame]

# The garbler's moves in a run that succeeds; the evaluator's are the same with the directions turned round.
_GARBLER: dict[Key, State] = {
    (State.AGREED, Way.SEND, Frame.SEEDS): State.SEEDED,
    (State.AGREED, Way.SEND, Frame.WORKERS): State.HIRED,
    (State.HIRED, Way.RECEIVE, Frame.WORKERS): State.INTRODUCED,
    (State.INTRODUCED, Way.SEND, Frame.DOORS): State.PAIRED,
    (State.INTRODUCED, Way.RECEIVE, Frame.DOORS): State.PAIRED,
    (State.PAIRED, Way.SEND, Frame.SEEDS): State.SEEDED,
    (State.SEEDED, Way.SEND, Frame.BASE_CHOICES): State.CHOSEN,
    (State.CHOSEN, Way.RECEIVE, Frame.BASE_OFFER): State.OFFERED,
    (State.OFFERED, Way.SEND, Frame.BASE_ANSWER): State.ANSWERED,
    (State.ANSWERED, Way.RECEIVE, Frame.TREES): State.RUNNING,
    (State.RUNNING, Way.RECEIVE, Frame.OT_BATCH): State.RUNNING,
    (State.RUNNING, Way.SEND, Frame.TABLES): State.RUNNING,
    (State.RUNNING, Way.SEND, Frame.NOISY_SUM): State.RUNNING,
    (State.RUNNING, Way.RECEIVE, Frame.OUTPUT_LABELS): State.RETURNED,
    (State.RETURNED, Way.SEND, Frame.DECODING): State.RELEASED,
    (State.RELEASED, Way.RECEIVE, Frame.DONE): State.DONE,
}
_TURNED = {Way.SEND: Way.RECEIVE, Way.RECEIVE: Way.SEND}
_GREETING: dict[Key, State] = {
    (State.START, Way.SEND, Frame.HELLO): State.GREETED,
    (State.GREETED, Way.RECEIVE, Frame.HELLO): State.AGREED,
}
TABLE: dict[Role, dict[Key, State]] = {
    Role.GARBLER: _GREETING | _GARBLER,
    Role.EVALUATOR: _GREETING | {(state, _TURNED[way], frame): then for (state, way, frame), then in _GARBLER.items()},
}


def follow(role: Role, state: State, way: Way, kind: int) -> State:
    """The state after a frame; raises ProtocolError if it may not be sent or received now."""
    try:
        frame = Frame(kind)
    except ValueError:
        raise ProtocolError(
            f"the peer sent a message of the unknown kind {kind}; check that both parties run the same version"
        ) from None
    if frame is Frame.ABORT and state is not State.ENDED:
        return State.ENDED
    then = TABLE[role].get((state, way, frame))
    if then is None:
        verb = "sent" if way is Way.RECEIVE else "would be sent"
        raise ProtocolError(
            f"{frame.name} {verb} in the state {state.name}, where it does not belong; check that both "
            "parties run the same program and version"
        )
    return then
