"""A contract held against what is about to run: the program, the party's own data, and whom it meets."""

from __future__ import annotations

from collections.abc import Mapping

from lang.numerals import counted
from runtime.contract.draft import Holding, honest_of, learns_of, mechanisms_of, reveals_of
from runtime.contract.fields import public_key
from runtime.contract.refused import Refused
from runtime.contract.terms import Party, Terms
from runtime.privacy.accountant import ADJACENCY, UNIT
from runtime.program import Program

_FIELDS = {
    "batch": "batch-differs",
    "slots": "slots-differ",
    "whole": "sampling-differs",
    "steps": "steps-differ",
    "clip": "clip-differs",
    "noise_multiplier": "noise-differs",
    "drawn_by": "noise-drawn-by-another",
    "told": "release-differs",
    "samplers": "noise-differs",
}
_EITHER = "run the program that the contract was made for, or agree on a new contract"


def with_program(terms: Terms, program: Program) -> None:
    """Raises Refused where the program is not the one that was agreed on, naming the first difference.

    The details are looked at before the digest, which differs as soon as one of them does but says less.
    """
    compiled = program.compiled
    if set(compiled.parties) != {p.name for p in terms.parties}:
        raise Refused(
            "other-parties",
            f"the program is between {', '.join(compiled.parties)}; the contract is between "
            f"{', '.join(p.name for p in terms.parties)}",
            help=_EITHER,
        )
    if [(d.name, d.party) for d in compiled.datasets] != [(d.name, d.owner) for d in terms.data]:
        raise Refused("other-data-sets", "the program reads other data sets than the contract names", help=_EITHER)
    revealed = reveals_of(compiled)
    if unlisted := [name for name in revealed if name not in terms.reveals]:
        raise Refused(
            "unlisted-reveal",
            f"the program reveals `{unlisted[0]}`, which the contract does not allow",
            help=f"allow it by name: reveals {', '.join(unlisted)}",
        )
    if learns_of(compiled) != terms.learns or revealed != terms.reveals:
        raise Refused(
            "other-outputs",
            "what the parties learn by the program is not what the contract says they learn",
            help=_EITHER,
        )
    if compiled.disjoint != terms.disjoint:
        raise Refused(
            "other-disjoint",
            "which data sets have no person in common is not what the contract says",
            help=_EITHER,
        )
    _mechanisms(terms, program)
    _trust(terms.honest, honest_of(compiled))
    for data in terms.data:
        if data.unit != UNIT or data.adjacency != ADJACENCY:
            raise Refused(
                "other-privacy",
                f"`{data.name}` is to be protected by `{data.unit}`, `{data.adjacency}`; "
                f"epsilon is known for `{UNIT}`, `{ADJACENCY}`",
                help=_EITHER,
            )
    if program.digest != terms.program:
        raise Refused(
            "other-program",
            f"the program's digest is {program.digest[:16]}, the contract is for {terms.program[:16]}",
            help="run the artifact that the contract was made for",
        )


def _trust(agreed: str | None, found: str | None) -> None:
    if agreed == found:
        return
    said = ["it may be malicious" if name is None else f"`{name}` is taken for honest" for name in (agreed, found)]
    raise Refused(
        "other-evaluator",
        f"of the evaluator the contract says that {said[0]}, the program that {said[1]}",
        help="choose as the contract does: --evaluator " + ("malicious" if agreed is None else "honest"),
    )


def _mechanisms(terms: Terms, program: Program) -> None:
    actual = mechanisms_of(program.compiled, {d.name: d.records for d in terms.data}, terms.privacy is not None)
    if [m.dataset for m in actual] != [m.dataset for m in terms.mechanisms]:
        raise Refused(
            "other-mechanisms",
            f"the program has {len(actual)} mechanisms, the contract names "
            f"{len(terms.mechanisms)}, or they read other data sets",
            help=_EITHER,
        )
    for found, stated in zip(actual, terms.mechanisms, strict=True):
        for field, reason in _FIELDS.items():
            if getattr(found, field) != getattr(stated, field):
                raise Refused(
                    reason,
                    f"`{found.dataset}`: {field.replace('_', ' ')} is {getattr(found, field)} in the "
                    f"program and {getattr(stated, field)} in the contract",
                    help=_EITHER,
                )


def with_parties(terms: Terms, party: str, own_certificate: bytes, peer_certificate: bytes) -> None:
    """This side is `party`, by the key of the contract, and the peer's pinned certificate is the contract's too.

    Raises Refused: foreign-party, not-my-key, foreign-peer.
    """
    mine, own = terms.party(party), public_key(own_certificate)
    if own_certificate.decode("ascii") != mine.certificate:
        raise Refused(
            "not-my-key",
            f"this side runs as `{party}` with {_another(own, mine.key)}",
            help=f"give the --key and --cert of `{party}` that the contract was made with",
        )
    with_peer(terms.other(party), peer_certificate)


def with_peer(party: Party, certificate: bytes) -> None:
    """The peer's certificate, as it was handed over, is that of the contract.  Raises Refused (foreign-peer)."""
    if certificate.decode("ascii") != party.certificate:
        raise Refused(
            "foreign-peer",
            f"the peer's certificate is not that of `{party.name}` in the contract: it is "
            f"{_another(public_key(certificate), party.key)}",
            help="one of the two is not your peer's: ask by telephone which fingerprint is, and sign nothing before",
        )


def _another(found: str, bound: str) -> str:
    """A certificate that is not the contract's; both fingerprints in full, for people to compare."""
    if found == bound:
        return f"another certificate of the key {bound} than the contract binds"
    return f"the certificate of {found}, the contract binds {bound}"


def with_data(terms: Terms, party: str, holdings: Mapping[str, Holding]) -> None:
    """The data sets that `party` brings are those of the contract.

    Raises Refused: other-records, other-data.
    """
    for data in terms.data:
        if data.owner != party:
            continue
        held = holdings[data.name]
        if held.records != data.records:
            raise Refused(
                "other-records",
                f"`{data.name}` has {counted(held.records, 'record')}, the contract is for {data.records}",
                help="bring the same file, or agree on a new contract",
            )
        if (held.salt, held.commitment) != (data.salt, data.commitment):
            raise Refused(
                "other-data",
                f"the records of `{data.name}` are not those that the contract is for",
                help="bring the same file, or agree on a new contract",
            )
