"""All mutations, in the order in which they are tried."""

from __future__ import annotations

from tests.mutations.around import AROUND
from tests.mutations.clusters import CLUSTERS
from tests.mutations.garbling import GARBLING
from tests.mutations.measures import MEASURES
from tests.mutations.owners import OWNERS
from tests.mutations.pages import PAGES
from tests.mutations.pieces import PIECES
from tests.mutations.policies import POLICIES
from tests.mutations.records import RECORDS
from tests.mutations.sessions import SESSIONS
from tests.mutations.steps import STEPS
from tests.mutations.told import TOLD_STEPS
from tests.mutations.trail import TRAIL
from tests.mutations.transfers import TRANSFERS

MUTATIONS = (
    *GARBLING,
    *TRANSFERS,
    *SESSIONS,
    *AROUND,
    *POLICIES,
    *RECORDS,
    *MEASURES,
    *STEPS,
    *TOLD_STEPS,
    *OWNERS,
    *PIECES,
    *CLUSTERS,
    *TRAIL,
    *PAGES,
)
