"""The two ends of a garbled run, each put together from the engine that garbles or evaluates on this machine.

Which engine that is changes no byte: a path through the C code if there is one for this CPU, the fastest first, else
the portable one.  The environment variable CCR_BACKEND names another.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from compiler.schedule.plan import Kernel
from runtime.crypto.columns import PORTABLE as PORTABLE_COLUMNS
from runtime.crypto.columns import Columns
from runtime.crypto.labels import Labels
from runtime.crypto.secret import LabelSecret, PublicSeeds
from runtime.execute.backend import (
    CotReceiver,
    CotSender,
    Engine,
    EvaluatorOutputs,
    GarblerOutputs,
    Multiplier,
    Receiver,
    ReceiveTables,
    Roles,
    SendTables,
)
from runtime.execute.instructions import Programs
from runtime.execute.native.built import Built, built
from runtime.execute.portable import PortableEvaluator, PortableGarbler
from runtime.execute.products import EvaluatorProducts, GarblerProducts
from runtime.execute.threads import ALONE, Threads
from runtime.execute.yao import EvaluatorBackend, GarblerBackend, PublicLabels

PORTABLE = "portable"
VARIABLE = "CCR_BACKEND"


class NoThreads(Exception):
    """What does the gates here cannot share them."""

    def __init__(self, count: int, choice: Choice) -> None:
        super().__init__(
            f"{count} threads were asked for, and the {choice.backend} backend has use for one ({choice.why})"
        )


class NoSuchBackend(Exception):
    """What CCR_BACKEND names is not there."""

    def __init__(self, wanted: str, has: Sequence[str]) -> None:
        super().__init__(f"{VARIABLE} names `{wanted}`, and this machine has {', '.join(has)}")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which engine, and why."""

    backend: str
    why: str


def choose(of: Built, works: Callable[[str], bool], wanted: str) -> Choice:
    """What `wanted` names, or where that is empty the first path that works.  Raises NoSuchBackend."""
    if wanted:
        if wanted not in (*of.paths, PORTABLE):
            raise NoSuchBackend(wanted, (*of.paths, PORTABLE))
        return Choice(wanted, f"{VARIABLE} names it")
    for path in of.paths:
        if works(path):
            return Choice(path, "the fastest that this CPU has")
    return Choice(PORTABLE, of.missing or "nothing else works on this CPU")


def chosen() -> Choice:
    """As the environment says now.  Raises NoSuchBackend."""
    return choose(_built(), works, os.environ.get(VARIABLE, ""))


def shared_by(count: int) -> None:
    """Raises NoThreads where what does the gates cannot share them among so many threads, and NoSuchBackend."""
    if count > 1 and (choice := chosen()).backend == PORTABLE:
        raise NoThreads(count, choice)


_built = cache(built)


@cache
def works(path: str) -> bool:
    """Tried once in a process: a path that makes other bytes than the portable engine would end every run."""
    from runtime.execute.native.selftest import works  # here, because its C part may be missing

    return works(path)


def garbling(
    backend: str,
    kernels: Sequence[Kernel] | Programs,
    secret: LabelSecret,
    hash_seed: bytes,
    constant: Labels,
    send: SendTables,
    threads: Threads = ALONE,
) -> Engine:
    """The garbling engine of that name; the portable one has no use for threads."""
    if backend == PORTABLE:
        return PortableGarbler(kernels, secret, hash_seed, constant, send)
    from runtime.execute.native.engine import NativeGarbler  # here, because its C part may be missing

    return NativeGarbler(backend, kernels, secret, hash_seed, constant, send, threads)


def evaluating(
    backend: str,
    kernels: Sequence[Kernel] | Programs,
    hash_seed: bytes,
    constant: Labels,
    receive: ReceiveTables,
    threads: Threads = ALONE,
) -> Engine:
    """The evaluating engine of that name."""
    if backend == PORTABLE:
        return PortableEvaluator(kernels, hash_seed, constant, receive)
    from runtime.execute.native.engine import NativeEvaluator  # here, because its C part may be missing

    return NativeEvaluator(backend, kernels, hash_seed, constant, receive, threads)


def correcting(
    backend: str, secret: LabelSecret, hash_seed: bytes, send: SendTables, threads: Threads = ALONE
) -> Multiplier:
    """What makes the garbler's shares of products, of that name."""
    if backend == PORTABLE:
        return GarblerProducts(hash_seed, secret, send)
    from runtime.execute.native.shares import NativeGarblerProducts  # here, because its C part may be missing

    return NativeGarblerProducts(backend, hash_seed, secret, send, threads)


def corrected(backend: str, hash_seed: bytes, receive: ReceiveTables, threads: Threads = ALONE) -> Receiver:
    """What makes the evaluator's, of that name."""
    if backend == PORTABLE:
        return EvaluatorProducts(hash_seed, receive)
    from runtime.execute.native.shares import NativeEvaluatorProducts  # here, because its C part may be missing

    return NativeEvaluatorProducts(backend, hash_seed, receive, threads)


def columns() -> Columns:
    """What does the inner loops of oblivious transfer."""
    return columns_of(chosen().backend)


def columns_of(backend: str) -> Columns:
    """That of that name."""
    if backend == PORTABLE:
        return PORTABLE_COLUMNS
    from runtime.execute.native.columns import NativeColumns  # here, because its C part may be missing

    return NativeColumns(backend)


T = TypeVar("T")


def alone(engine: Engine, products: T) -> tuple[Engine, T]:
    """Shared with nobody."""
    return engine, products


def garbler(
    kernels: Sequence[Kernel],
    roles: Roles,
    secret: LabelSecret,
    seeds: PublicSeeds,
    transfers: CotSender,
    outputs: GarblerOutputs,
    send_tables: SendTables,
    send_corrections: SendTables,
    share: Callable[[Engine, Multiplier], tuple[Engine, Multiplier]],
    threads: Threads = ALONE,
) -> GarblerBackend:
    """The garbler's end; tables and corrections are sent in the order of the schedule, in one stream.

    `share` makes of what works here what others work for too, see `alone`.
    """
    public, backend = PublicLabels(seeds.labels), chosen().backend
    engine = garbling(backend, kernels, secret, seeds.hash, public.constant, send_tables, threads)
    engine, multiplier = share(engine, correcting(backend, secret, seeds.hash, send_corrections, threads))
    return GarblerBackend(roles, secret, public, engine, multiplier, transfers, outputs)


def evaluator(
    kernels: Sequence[Kernel],
    roles: Roles,
    seeds: PublicSeeds,
    transfers: CotReceiver,
    outputs: EvaluatorOutputs,
    receive_tables: ReceiveTables,
    receive_corrections: ReceiveTables,
    share: Callable[[Engine, Receiver], tuple[Engine, Receiver]],
    threads: Threads = ALONE,
) -> EvaluatorBackend:
    """The evaluator's end; `receive_tables` and `receive_corrections` give as many of the next bytes of the stream as
    they are asked for."""
    public, backend = PublicLabels(seeds.labels), chosen().backend
    engine = evaluating(backend, kernels, seeds.hash, public.constant, receive_tables, threads)
    engine, multiplier = share(engine, corrected(backend, seeds.hash, receive_corrections, threads))
    return EvaluatorBackend(roles, public, engine, multiplier, transfers, outputs)
