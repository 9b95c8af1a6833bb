"""Signatures under a contract: Ed25519, by the keys of the parties' certificates."""

from __future__ import annotations

import hashlib
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from runtime.contract.fields import public_key
from runtime.contract.refused import Refused
from runtime.contract.terms import Contract, Signature, Terms, agrees_with_itself, encode_terms
from runtime.net.keys import Identity

_SIGNED = b"ccr contract 1 signature\0"
_NAMED = b"ccr contract 1 digest\0"


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


def sign(contract: Contract, identity: Identity) -> Contract:
    """The contract with the identity's signature added or renewed.

    Which party signs is told by its key.  Raises Refused for terms that contradict themselves, and for a key that
    is no party's.
    """
    agrees_with_itself(contract.terms)
    own = public_key(identity.certificate)
    party = next((p.name for p in contract.terms.parties if p.key == own), None)
    if party is None:
        raise Refused(
            "foreign-signer",
            f"the key of `{identity.name}` is no party's of this contract",
            help="sign with the key whose certificate stands in the contract",
        )
    made = Signature(party=party, key=own, signature=private_key(identity).sign(message(contract.terms, party)).hex())
    others = [s for s in contract.signatures if s.party != party]
    return Contract(terms=contract.terms, signatures=tuple(sorted((*others, made), key=lambda s: s.party)))


def verify_signatures(contract: Contract) -> None:
    """Both parties, and nobody else, signed exactly these terms.

    Raises Refused: signed-twice, foreign-signer, other-key, altered (the key is right, the signature is not of these
    terms), unsigned.
    """
    terms = contract.terms
    signers = [s.party for s in contract.signatures]
    if len(set(signers)) < len(signers) or signers != sorted(signers):
        raise Refused("signed-twice", "the signatures are not one for each party, in the order of names")
    for signature in contract.signatures:
        if signature.party not in {p.name for p in terms.parties}:
            raise Refused("foreign-signer", f"`{signature.party}` signed, but is no party of the contract")
        if signature.key != terms.party(signature.party).key:
            raise Refused("other-key", f"`{signature.party}` signed with a key that is not its identity key")
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature.key)).verify(
                bytes.fromhex(signature.signature), message(terms, signature.party)
            )
        except InvalidSignature:
            raise Refused(
                "altered",
                f"the signature of `{signature.party}` is not under these terms: they were "
                "changed after it signed, or the signature was",
                help="sign them as they stand",
            ) from None
    if missing := sorted({p.name for p in terms.parties} - set(signers)):
        raise Refused("unsigned", f"`{missing[0]}` has not signed", help="`ccr contract sign` with its key")


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
