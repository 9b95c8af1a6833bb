"""The rules by which the ledger, a contract or a session refuses, in a few words each."""

from __future__ import annotations

_WORDS = {
    "above-grant": "all shares together would have exceeded the data set's budget",
    "altered": "the contract was changed after it was signed",
    "below-allotted": "less than is allotted already",
    "below-charged": "less than is charged already",
    "clock-behind": "the clock stood before the ledger's last event",
    "consumer-budget": "the consumer's share would have been exceeded",
    "contract-blocked": "a run under the contract had been attacked",
    "contract-budget": "the contract's total would have been exceeded",
    "contract-runs": "the contract's runs were used up",
    "data-budget": "the data set's budget would have been exceeded",
    "delta-above-one-in-n": "a delta of 1/n or more would allow a whole record to be published",
    "different-contracts": "the peer came with another contract, or with none",
    "different-programs": "the peer came with another program",
    "different-records": "the peer stated another number of records",
    "expired": "the contract had expired",
    "foreign-peer": "the peer's certificate was not the contract's",
    "infinite-epsilon": "an output would have told records as they are, without being granted",
    "not-the-peer": "callers that were not the peer were turned away",
    "nothing-allotted": "the consumer had no share",
    "nothing-granted": "the records had no budget",
    "other-data": "the records were not those of the contract",
    "other-program": "the program was not that of the contract",
    "other-records": "the number of records was not that of the contract",
    "revoked": "the contract had been revoked",
    "run-budget": "the run would have cost more than the contract gives one run",
    "shares-records": "the file shares records with a known data set",
    "unsigned": "not both parties had signed the contract",
}


def words(rule: str) -> str:
    """What was wrong; the rule's own name where that says it."""
    return _WORDS.get(rule, rule.replace("-", " "))
