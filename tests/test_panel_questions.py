"""Whatever a query says, it reaches nobody else's connections."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_vault import Owner, Tenant
from connector_vault.errors import BadArguments, NotAllowed
from connector_vault.panel.questions import read

ADA = Owner(tenant="acme", user="ada")
ACME = Tenant(name="acme")
NAMES = ["provider", "user", "limit", "after", "tenant"]
VALUES = st.text() | st.sampled_from(["ada", "7"])


@pytest.mark.parametrize("who", [ADA, Owner(tenant="acme"), ACME], ids=str)
@given(query=st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, VALUES)))
def test_a_query_stays_in_its_tenant_and_within_its_limit(who, query):
    try:
        question = read(query.items(), who)
    except (BadArguments, NotAllowed):
        return

    assert 1 <= question.limit <= 1000
    assert question.owner == who or (who is ACME and question.owner.tenant == "acme")


def test_a_query_that_says_nothing_asks_for_all_there_is():
    question = read([], ACME)

    assert (question.owner, question.provider, question.limit, question.after) == (
        *(ACME, None, 100),
        None,
    )


@pytest.mark.parametrize("limit", ["1", "1000"])
def test_a_limit_is_a_number(limit):
    assert read([("limit", limit)], ADA).limit == int(limit)


@pytest.mark.parametrize("limit", ["", "0", "01", "1001", "1e2", " 1", "+1", "\u0661", "10\n"])
def test_what_is_no_limit_is_refused(limit):
    with pytest.raises(BadArguments, match="1 to 1000"):
        read([("limit", limit)], ADA)


@pytest.mark.parametrize(
    "query",
    [
        [("users", "canary")],
        [("user_id", "canary")],
        [("User", "canary")],
        [("", "canary")],
        [("canary", "")],
        [("user", "canary"), ("user", "eve")],
        [("user", "canary"), ("user", "canary")],
        [("provider", "canary"), ("limit", "1"), ("provider", "canary")],
    ],
    ids=str,
)
def test_a_misspelt_or_repeated_name_does_not_widen_the_question(query):
    """Who asked for one user must not be shown everybody's."""
    with pytest.raises(BadArguments, match="provider, user, limit, after") as refused:
        read(query, ACME)

    assert "canary" not in str(refused.value)
