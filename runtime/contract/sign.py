"""Signatures under a contract, and under its revocation: Ed25519, by the keys of the parties' certificates."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from runtime.contract.fields import public_key
from runtime.contract.refused import Refused
from runtime.contract.terms import Contract, Party, Signature, Terms, agrees_with_itself, encode_terms
from runtime.net.keys import Identity

_SIGNED = b"ccr contract 4 signature\0"
_WITHDRAWN = b"ccr contract 4 revocation\0"
_NAMED = b"ccr contract 4 digest\0"


def digest(terms: Terms) -> str:
    """The contract's name, 64 hexadecimal digits: what the greeting compares and the ledger writes down."""
    return hashlib.sha256(_NAMED + encode_terms(terms)).hexdigest()


def message(terms: Terms, party: str) -> bytes:
    """What `party` signs.  The domain stands first, so no other signature of the same key means this."""
    return _SIGNED + party.encode() + b"\0" + encode_terms(terms)


def private_key(identity: Identity) -> Ed25519PrivateKey:
    """Raises ValueError for a key of another kind."""
    key = load_pem_private_key(identity.private_key, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("the key is not an Ed25519 key; make one with `ccr keys new`")
    return key


def withdrawal(terms: Terms, party: str) -> bytes:
    """What `party` signs to revoke a contract."""
    return _WITHDRAWN + party.encode() + b"\0" + encode_terms(terms)


def signer(terms: Terms, identity: Identity) -> Party:
    """The party whose key this is.  Raises Refused (foreign-signer), and ValueError for a key of another kind."""
    own = public_key(identity.certificate)
    for party in terms.parties:
        if party.key == own:
            return party
    raise Refused(
        "foreign-signer",
        f"the key of `{identity.name}`, {own}, is no party's of this contract, which binds "
        + " and ".join(f"`{p.name}` by {p.key}" for p in terms.parties),
        help="sign with the key whose certificate stands in the contract",
    )


def sign(contract: Contract, identity: Identity) -> Contract:
    """The contract with the identity's signature added or renewed.

    Raises Refused (foreign-signer, revoked; and as `hold` where a signature does not hold), and ValueError as `signer`.
    """
    hold(contract)
    not_revoked(contract)
    return contract.model_copy(update={"signatures": _with(contract, contract.signatures, message, identity)})


def revoke(contract: Contract, identity: Identity) -> Contract:
    """The contract with the identity's revocation: it binds nobody any more.  Raises as `sign`, but for revoked."""
    hold(contract)
    return contract.model_copy(update={"revocations": _with(contract, contract.revocations, withdrawal, identity)})


def _with(
    contract: Contract, present: tuple[Signature, ...], said: Callable[[Terms, str], bytes], identity: Identity
) -> tuple[Signature, ...]:
    party = signer(contract.terms, identity)
    signature = private_key(identity).sign(said(contract.terms, party.name)).hex()
    made = Signature(party=party.name, key=party.key, signature=signature)
    return tuple(sorted((*(s for s in present if s.party != party.name), made), key=lambda s: s.party))


def hold(contract: Contract) -> None:
    """Whatever is signed holds: each signature and revocation is a party's own, under exactly these terms.

    Raises Refused: signed-twice, foreign-signer, other-key, altered (the key is right, the signature is not of these
    terms).
    """
    for present, said in ((contract.signatures, message), (contract.revocations, withdrawal)):
        signers = [s.party for s in present]
        if len(set(signers)) < len(signers) or signers != sorted(signers):
            raise Refused("signed-twice", "the signatures are not one for each party, in the order of names")
        for signature in present:
            try:
                _holds(contract.terms, signature, said(contract.terms, signature.party))
            except InvalidSignature:
                raise _altered(contract, signature.party) from None


def _altered(contract: Contract, party: str) -> Refused:
    """A signature that is not under the text: of the other one follows which of the two was changed."""
    stands = standing(contract)
    [other] = [name for name in (p.name for p in contract.terms.parties) if name != party]
    match stands[other]:
        case Standing.SIGNED:
            why = f"`{other}` signed exactly this text: the signature was changed, or `{party}` signed another text"
        case Standing.ALTERED:
            why = f"nor is that of `{other}`: the text was changed after they signed"
        case Standing.MISSING:
            why = "they were changed after it signed, or the signature was"
        case _ as never:
            assert_never(never)
    return Refused(
        "altered",
        f"the signature of `{party}` is not under these terms; {why}",
        help="sign nothing of it, and ask for the file as it was signed; a signature does not tell which field was "
        "changed: `ccr contract show FILE --against COPY` does, where you have a copy, and `verify --program` what is "
        "not the program's",
    )


class Standing(StrEnum):
    """What a party has to do with a contract's text, as it stands."""

    SIGNED = "signed"
    MISSING = "missing"
    ALTERED = "altered"  # something is signed in its name that does not hold


def standing(contract: Contract) -> dict[str, Standing]:
    """Of each party; and of whoever else signed, altered."""
    found = {party.name: Standing.MISSING for party in contract.terms.parties}
    for present, said in ((contract.signatures, message), (contract.revocations, withdrawal)):
        for signature in present:
            try:
                _holds(contract.terms, signature, said(contract.terms, signature.party))
            except (Refused, InvalidSignature):
                found[signature.party] = Standing.ALTERED
            else:
                if said is message and found[signature.party] is Standing.MISSING:
                    found[signature.party] = Standing.SIGNED
    return found


def _holds(terms: Terms, signature: Signature, said: bytes) -> None:
    """Raises Refused (foreign-signer, other-key), and InvalidSignature where the key is right."""
    if signature.party not in {p.name for p in terms.parties}:
        raise Refused("foreign-signer", f"`{signature.party}` signed, but is no party of the contract")
    if signature.key != terms.party(signature.party).key:
        raise Refused(
            "other-key", f"`{signature.party}` signed with {signature.key}, which is not its key in the contract"
        )
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature.key)).verify(bytes.fromhex(signature.signature), said)


def verify_signatures(contract: Contract) -> None:
    """Both parties, and nobody else, signed exactly these terms, and neither has revoked them.

    Raises Refused: unsigned, revoked, and as `hold`.
    """
    hold(contract)
    not_revoked(contract)
    signers = {s.party for s in contract.signatures}
    if missing := sorted({p.name for p in contract.terms.parties} - signers):
        raise Refused("unsigned", f"`{missing[0]}` has not signed", help="`ccr contract sign` with its key")


def not_revoked(contract: Contract) -> None:
    """Raises Refused (revoked) for a contract whose file says so."""
    for revocation in contract.revocations:
        raise Refused(
            "revoked", f"`{revocation.party}` has revoked the contract", help="agree on a new one: `ccr contract new`"
        )


def verify_time(terms: Terms, now: datetime) -> None:
    """Raises Refused: not-yet-valid, expired.  `now` has a time zone."""
    if now < terms.not_before:
        raise Refused("not-yet-valid", f"the contract begins at {terms.not_before:%Y-%m-%d %H:%M} UTC")
    if now >= terms.expires:
        raise Refused(
            "expired",
            f"the contract expired at {terms.expires:%Y-%m-%d %H:%M} UTC",
            help="agree on a new one: `ccr contract new`",
        )


def verify(contract: Contract, now: datetime) -> None:
    """The contract binds, now: it does not contradict itself, both signed it, it has not expired.  Raises Refused."""
    agrees_with_itself(contract.terms)
    verify_signatures(contract)
    verify_time(contract.terms, now)
