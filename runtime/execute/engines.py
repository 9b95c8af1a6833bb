"""The two ends of a garbled run, each put together from the engine that garbles or evaluates on this machine."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.schedule.plan import Kernel
from runtime.crypto.secret import LabelSecret, PublicSeeds
from runtime.execute.backend import (
    CotReceiver,
    CotSender,
    EvaluatorOutputs,
    GarblerOutputs,
    ReceiveTables,
    Roles,
    SendTables,
)
from runtime.execute.portable import PortableEvaluator, PortableGarbler
from runtime.execute.products import EvaluatorProducts, GarblerProducts
from runtime.execute.yao import EvaluatorBackend, GarblerBackend, PublicLabels

BACKEND = "portable"


def garbler(
    kernels: Sequence[Kernel],
    roles: Roles,
    secret: LabelSecret,
    seeds: PublicSeeds,
    transfers: CotSender,
    outputs: GarblerOutputs,
    send_tables: SendTables,
    send_corrections: SendTables,
) -> GarblerBackend:
    """The garbler's end; tables and corrections are sent in the order of the schedule, in one stream."""
    public = PublicLabels(seeds.labels)
    engine = PortableGarbler(kernels, secret, seeds.hash, public.constant, send_tables)
    multiplier = GarblerProducts(seeds.hash, secret, send_corrections)
    return GarblerBackend(roles, secret, public, engine, multiplier, transfers, outputs)


def evaluator(
    kernels: Sequence[Kernel],
    roles: Roles,
    seeds: PublicSeeds,
    transfers: CotReceiver,
    outputs: EvaluatorOutputs,
    receive_tables: ReceiveTables,
    receive_corrections: ReceiveTables,
) -> EvaluatorBackend:
    """The evaluator's end; `receive_tables` and `receive_corrections` give as many of the next bytes of the stream as
    they are asked for."""
    public = PublicLabels(seeds.labels)
    engine = PortableEvaluator(kernels, seeds.hash, public.constant, receive_tables)
    multiplier = EvaluatorProducts(seeds.hash, receive_corrections)
    return EvaluatorBackend(roles, public, engine, multiplier, transfers, outputs)
