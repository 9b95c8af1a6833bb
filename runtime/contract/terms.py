"""What two parties agree on before they run: who, which program, whose records, how much privacy, who learns what.

The models say what a field may hold, `agrees_with_itself` what fields say about one another.  A contract file is
`{"revocations": [...], "signatures": [...], "terms": {...}}` in the one spelling of `canonical.py`, with one line break
behind it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from lang.numerals import counted, spelled
from runtime.contract import canonical
from runtime.contract.amounts import Spend
from runtime.contract.fields import (
    Amount,
    Certificate,
    Count,
    Digest,
    Key,
    Name,
    Purpose,
    Ratio,
    Signed,
    Text,
    Time,
    public_key,
)
from runtime.contract.refused import Refused
from runtime.contract.stops import Named, fit
from runtime.privacy.limits import too_large

FORMAT: Literal["ccr contract 4"] = "ccr contract 4"


class Model(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Party(Model):
    name: Name  # as the program names it
    key: Key  # Ed25519: its identity, with which it signs
    certificate: Certificate  # of that key; TLS accepts no other


class Data(Model):
    """One data set of the data provider, and what a unit of privacy in it is."""

    name: Name
    owner: Name
    salt: Digest
    commitment: Digest  # to its content, with the salt; says nothing about it (commitment.py)
    records: Count  # n, public
    unit: Text
    adjacency: Text
    report: Digest | None  # keyed, of a passing report of de-identification (commitment.py)


class Mechanism(Model):
    """T noisy sums of what is clipped to C: of one `dpsgd`, of gradients over Poisson batches of rate q, in S slots; or
    of one `measure`, of values over all rows."""

    dataset: Name
    batch: Count  # B
    rate: Ratio  # q = B / n
    slots: Count  # S
    steps: Count  # T
    clip: Ratio  # C
    noise_multiplier: Ratio  # standard deviation of the noise over C
    drawn_by: Name | None  # None: both parties together, as the samplers say
    samplers: tuple[Digest, ...]  # of each trained variable, in that case
    whole: bool  # of all rows: B and S are n, q is 1
    told: Name | None  # who is told the noisy sums after each step; None: nobody, before the end
    bounded: bool  # whether a finite epsilon bounds what all mechanisms tell together


class Learns(Model):
    """One output, and who is told it."""

    output: Name
    kind: Text
    receivers: tuple[Name, ...]
    carries: tuple[Name, ...]  # data sets whose records it tells as they are, at an infinite epsilon


class Budget(Model):
    epsilon: Amount
    delta: Amount

    @property
    def spend(self) -> Spend:
        return Spend(self.epsilon, self.delta)


class Stop(Model):
    """A run may be ended for good after so many steps, or fewer; delta is this stop's part of the run's."""

    steps: Count
    delta: Amount


class Privacy(Model):
    """What runs may cost under this contract, and how their costs add up.

    `basic`: each run is charged by itself when it starts; the next one may depend on what it released.  `pld`: `runs`
    runs of this program, fixed beforehand, are one mechanism, whose whole cost is charged when the first of them
    starts.  (To charge part of it and stop on seeing a result would need a bound for every stopping time.)
    """

    per_run: Budget
    total: Budget
    runs: Count  # at most
    composition: Literal["basic", "pld"]
    stops: tuple[Stop, ...] = ()  # fixed beforehand; none: whenever a run ends, it has cost what all its steps cost

    @property
    def named(self) -> tuple[Named, ...]:
        return tuple((stop.steps, stop.delta) for stop in self.stops)


class Terms(Model):
    format: Literal["ccr contract 4"]
    parties: tuple[Party, Party]
    not_before: Time
    expires: Time
    purpose: Purpose | None
    policy: Digest | None  # under which it is made (`policy.spell`)
    program: Digest  # of the compiled artifact
    honest: Name | None  # the evaluator, if both take it for honest; None: it may be malicious
    data: tuple[Data, ...]
    disjoint: tuple[tuple[Name, ...], ...]  # data sets of which no person is in two: the owner answers for it
    mechanisms: tuple[Mechanism, ...]
    privacy: Privacy | None  # None: the program has no mechanism, or none that a finite epsilon bounds
    learns: tuple[Learns, ...]
    reveals: tuple[Name, ...]  # outputs that leave as they are, protected by nothing

    def protected(self) -> dict[str, int]:
        """The records of each data set that a mechanism reads."""
        used = {m.dataset for m in self.mechanisms}
        return {d.name: d.records for d in self.data if d.name in used}

    def party(self, name: str) -> Party:
        """Raises Refused (foreign-party) for a name that is no party's."""
        for party in self.parties:
            if party.name == name:
                return party
        raise Refused(
            "foreign-party",
            f"`{name}` is no party of the contract, which binds " + " and ".join(f"`{p.name}`" for p in self.parties),
        )

    def other(self, name: str) -> Party:
        """The peer of the party of this name.  Raises Refused (foreign-party)."""
        own = self.party(name)
        return next(party for party in self.parties if party is not own)

    def unbounded(self) -> dict[str, tuple[str, ...]]:
        """What tells records at an infinite epsilon: outputs, each with its data sets."""
        trained = {m.dataset for m in self.mechanisms if not m.bounded}
        owners = {d.name: d.owner for d in self.data}
        found = {
            o.output: tuple(sorted({*o.carries, *(d for d in trained if set(o.receivers) - {owners[d]})}))
            for o in self.learns
        }
        return {output: data for output, data in found.items() if data}


class Signature(Model):
    party: Name
    key: Key
    signature: Signed  # Ed25519 over sign.message, or over sign.withdrawal


class Contract(Model):
    terms: Terms
    signatures: tuple[Signature, ...]
    revocations: tuple[Signature, ...] = ()


def encode(contract: Contract) -> bytes:
    """The contract file."""
    return canonical.encode(contract.model_dump(mode="json")) + b"\n"


def encode_terms(terms: Terms) -> bytes:
    """What is hashed and signed."""
    return canonical.encode(terms.model_dump(mode="json"))


def decode(data: bytes) -> Contract:
    """A contract file whose fields make sense; who signed it is not looked at.  Raises Refused."""
    document = data.removesuffix(b"\n")
    _of_this_format(canonical.decode(document))
    try:
        contract = Contract.model_validate_json(document, strict=True)
    except ValidationError as error:
        raise _named(error) from None
    if encode(contract).removesuffix(b"\n") != document:
        raise Refused("not-canonical", "a field is not in the one spelling that can be signed")
    agrees_with_itself(contract.terms)
    return contract


def _of_this_format(document: object) -> None:
    terms = document.get("terms") if isinstance(document, dict) else None
    written = terms.get("format") if isinstance(terms, dict) else None
    if isinstance(written, str) and written != FORMAT:
        raise Refused(
            "other-format",
            f"the contract is a `{written[:40]}`, this ccr knows `{FORMAT}`",
            help="install the version of ccr that wrote it, or agree on a new contract",
        )


_REASONS = {"extra_forbidden": "unknown-field", "missing": "missing-field", "literal_error": "unknown-choice"}


def _named(error: ValidationError) -> Refused:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"])) or "the document"
    kind = first["type"]
    reason = _REASONS.get(kind, kind if "-" in kind else "wrong-type")
    return Refused(reason, f"{where[:80]}: {first['msg'][:300]}")


def agrees_with_itself(terms: Terms) -> None:
    """What can be seen without the program and without the data.  Raises Refused."""
    first, second = terms.parties
    if first.name == second.name or first.key == second.key:
        raise Refused(
            "one-party-twice",
            f"both parties are `{first.name}` or hold one key: a contract needs two",
            help="give the other party's certificate as --peer",
        )
    for party in terms.parties:
        if public_key(party.certificate) != party.key:
            raise Refused("certificate-of-another-key", f"the certificate of `{party.name}` is not of its identity key")
    if terms.not_before >= terms.expires:
        raise Refused("never-valid", "the contract expires before it begins")
    _unique("data", [d.name for d in terms.data])
    _unique("learns", [o.output for o in terms.learns])
    _unique("reveals", list(terms.reveals))
    if unknown := sorted(set(terms.reveals) - {o.output for o in terms.learns}):
        raise Refused("reveals-nothing-known", f"`{unknown[0]}` is revealed, but is no output that anybody learns")
    _carried(terms)
    names = {p.name for p in terms.parties}
    for name in [
        *(d.owner for d in terms.data),
        *(m.drawn_by for m in terms.mechanisms if m.drawn_by),
        *(m.told for m in terms.mechanisms if m.told),
        *(r for o in terms.learns for r in o.receivers),
        *([terms.honest] if terms.honest is not None else []),
    ]:
        if name not in names:
            raise Refused("foreign-party", f"`{name}` is named in the terms, but is no party of the contract")
    named = [name for names in terms.disjoint for name in names]
    _unique("disjoint", named)
    if unknown := sorted(set(named) - {d.name for d in terms.data}):
        raise Refused("unknown-data", f"`{unknown[0]}` is said to be disjoint, which is no data set of the contract")
    for mechanism in terms.mechanisms:
        _mechanism(mechanism, {d.name: d for d in terms.data})
    _privacy(terms)


def _carried(terms: Terms) -> None:
    known = {d.name for d in terms.data}
    for output in terms.learns:
        if unknown := sorted(set(output.carries) - known):
            raise Refused(
                "unknown-data", f"`{output.output}` carries `{unknown[0]}`, which is no data set of the contract"
            )
        if output.carries and output.output not in terms.reveals:
            raise Refused(
                "unlisted-reveal", f"`{output.output}` tells records as they are, but is not listed as revealed"
            )


def _unique(what: str, names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise Refused("listed-twice", f"a name stands twice under `{what}`")


def _mechanism(m: Mechanism, data: dict[str, Data]) -> None:
    if m.dataset not in data:
        raise Refused("unknown-data", f"a mechanism reads `{m.dataset}`, which is no data set of the contract")
    n = data[m.dataset].records
    if m.whole and not m.batch == m.slots == n:
        raise Refused("not-all-records", f"a measure of {m.batch} records in {m.slots} slots is not of all {n}")
    if m.told == data[m.dataset].owner:
        raise Refused("told-to-owner", f"the noisy sums of `{m.dataset}` are told to `{m.told}`, whose records it has")
    if m.batch > n:
        raise Refused("batch-above-records", f"batches of {m.batch} cannot be sampled from {counted(n, 'record')}")
    if m.rate * n != m.batch:
        raise Refused(
            "rate-differs",
            f"the rate of `{m.dataset}` is stated as {m.rate}; {m.batch} of {counted(n, 'record')} is {m.batch}/{n}",
        )


def _privacy(terms: Terms) -> None:
    if any(m.bounded is (terms.privacy is None) for m in terms.mechanisms) or (terms.privacy and not terms.mechanisms):
        raise Refused(
            "budget-missing", "a contract has a privacy budget exactly if its program has a bounded mechanism"
        )
    if terms.privacy is None:
        return
    per_run, total = terms.privacy.per_run, terms.privacy.total
    for budget in (per_run, total):
        if budget.delta >= 1:
            raise Refused("delta-not-below-1", "a delta of 1 or more promises nothing")
    if too_large(total.delta, terms.protected()):
        raise _above_one_in_n(terms, total.delta)
    if not per_run.spend.within(total.spend):
        raise Refused(
            "run-above-total",
            "one run may cost more than all of them together",
            sums={"per run": per_run.spend, "total": total.spend},
        )
    if terms.privacy.stops:
        if terms.privacy.composition != "basic":
            raise Refused("stops-differ", "runs that are charged together (PLD composition) cannot be ended one by one")
        fit(terms.privacy.named, sum(m.steps for m in terms.mechanisms if m.told), per_run.delta)


def _above_one_in_n(terms: Terms, delta: Fraction) -> Refused:
    name = too_large(delta, terms.protected())
    return Refused(
        "delta-above-one-in-n",
        f"a total delta of {spelled(delta)} is 1/n or more for the {counted(terms.protected()[name], 'record')} of "
        f"`{name}`: to publish a whole record would be allowed",
        help="agree on a smaller delta, 1/(10 n) or less",
    )
