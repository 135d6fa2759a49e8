"""What may happen to a connection, and who may do what: every case there is."""

from itertools import product

import pytest

from connector_vault import State, lease, lifecycle
from connector_vault.lifecycle import (
    Happening,
    Landing,
    Life,
    Need,
    Step,
    Turn,
    after,
    is_mass_death,
    is_over,
    landing,
    may_send,
    need,
    turn,
)
from connector_vault.stores import LEASE_LIFE

NOW = 1_000_000_000
FRESH = NOW + 60_000
"""A token that ends here has just a minute left."""

STEPS = {
    (State.ACTIVE, Happening.CONSENTED): Step(State.ACTIVE, "connected"),
    (State.ACTIVE, Happening.REFRESHED): Step(State.ACTIVE, "refreshed"),
    (State.ACTIVE, Happening.DIED): Step(State.RECONNECT, "reconnect_needed"),
    (State.ACTIVE, Happening.ASKED): Step(State.REVOKING, "disconnecting"),
    (State.ACTIVE, Happening.ENDED): None,
    (State.RECONNECT, Happening.CONSENTED): Step(State.ACTIVE, "recovered"),
    (State.RECONNECT, Happening.REFRESHED): Step(State.ACTIVE, "recovered"),
    (State.RECONNECT, Happening.DIED): None,
    (State.RECONNECT, Happening.ASKED): Step(State.REVOKING, "disconnecting"),
    (State.RECONNECT, Happening.ENDED): None,
    (State.REVOKING, Happening.CONSENTED): None,
    (State.REVOKING, Happening.REFRESHED): Step(State.REVOKING, "refreshed"),
    (State.REVOKING, Happening.DIED): None,
    (State.REVOKING, Happening.ASKED): None,
    (State.REVOKING, Happening.ENDED): Step(State.REVOKED, "disconnected"),
    **{(State.REVOKED, happening): None for happening in Happening},
}

NEEDS = [
    # expires_at, due_at, need
    (0, 0, Need.NONE),
    (0, NOW + 1, Need.NONE),
    (0, NOW, Need.SOON),
    (0, 1, Need.SOON),
    (FRESH, 0, Need.NONE),
    (FRESH, NOW, Need.SOON),
    (FRESH - 1, 0, Need.NOW),
    (FRESH - 1, NOW, Need.NOW),
    (NOW, 0, Need.NOW),
    (1, 0, Need.NOW),
]

TURNS = [
    # lease_until, whose it is without and with an intent
    (0, Turn.TAKE, Turn.DOUBT),
    (NOW - 1, Turn.TAKE, Turn.DOUBT),
    (NOW, Turn.TAKE, Turn.DOUBT),
    (NOW + 1, Turn.WAIT, Turn.WAIT),
    (NOW + 60_000, Turn.WAIT, Turn.WAIT),
    (NOW + 60_001, Turn.TAKE, Turn.DOUBT),
]

LANDINGS = [
    # grant, generation, state, landing
    ("ours", 3, State.ACTIVE, Landing.COMMIT),
    ("ours", 3, State.RECONNECT, Landing.COMMIT),
    ("ours", 3, State.REVOKING, Landing.COMMIT),
    ("ours", 3, State.REVOKED, Landing.REVOKE),
    ("ours", 4, State.ACTIVE, Landing.DROP),
    ("ours", 4, State.RECONNECT, Landing.DROP),
    ("ours", 4, State.REVOKING, Landing.DROP),
    ("ours", 4, State.REVOKED, Landing.REVOKE),
    ("newer", 3, State.ACTIVE, Landing.REVOKE),
    ("newer", 4, State.RECONNECT, Landing.REVOKE),
    ("newer", 4, State.REVOKING, Landing.REVOKE),
    ("newer", 4, State.REVOKED, Landing.REVOKE),
]


def test_the_table_leaves_nothing_out():
    assert set(STEPS) == set(product(State, Happening))


@pytest.mark.parametrize(("state", "happening"), STEPS, ids=lambda one: one.name)
def test_a_happening_leads_where_it_may(state, happening):
    assert after(state, happening) == STEPS[state, happening]


def test_what_was_ended_stays_ended():
    assert not any(after(State.REVOKED, happening) for happening in Happening)


def test_a_disconnect_is_never_undone():
    """From `revoking` there is no way but to `revoked`."""
    steps = [after(State.REVOKING, happening) for happening in Happening]

    assert {step.state for step in steps if step} == {State.REVOKING, State.REVOKED}


@pytest.mark.parametrize(("expires_at", "due_at", "wanted"), NEEDS)
def test_a_token_is_replaced_when_it_has_less_than_a_minute(expires_at, due_at, wanted):
    found = need(generation=3, expires_at=expires_at, due_at=due_at, now=NOW, newer_than=None)

    assert found is wanted


@pytest.mark.parametrize(("newer_than", "wanted"), [(2, Need.NONE), (3, Need.NOW), (4, Need.NOW)])
def test_a_token_that_was_refused_is_replaced(newer_than, wanted):
    found = need(generation=3, expires_at=0, due_at=0, now=NOW, newer_than=newer_than)

    assert found is wanted


@pytest.mark.parametrize(("lease_until", "free", "intended"), TURNS)
def test_a_lease_is_its_holders_until_it_runs_out(lease_until, free, intended):
    def found(intent):
        return turn(lease_until=lease_until, intent=intent, now=NOW, longest=60.0)

    assert (found(""), found("process/attempt")) == (free, intended)


@pytest.mark.parametrize("now", [0, NOW, NOW * 1000])
@pytest.mark.parametrize(
    ("life", "over"), [(Life.ALIVE, False), (Life.LEFT, False), (Life.DEAD, True)]
)
def test_where_it_is_known_whether_an_attempt_is_over_no_clock_decides(life, over, now):
    assert is_over(life, lease_until=NOW, now=now) is over


@pytest.mark.parametrize(("passed", "over"), [(0, False), (599_999, False), (600_000, True)])
def test_an_attempt_of_which_nobody_knows_is_over_after_ten_minutes(passed, over):
    assert is_over(Life.UNKNOWN, lease_until=NOW, now=NOW + passed) is over


HELD = ("attempt", 3, "active")
MOVED = [("another", 3, "active"), ("attempt", 4, "active"), ("attempt", 3, "revoking")]


def test_nothing_is_sent_that_the_lease_would_not_outlive():
    longest = lifecycle.LIFE - lifecycle.SEND - lifecycle.SETTLE

    assert may_send(HELD, HELD, seconds_held=longest)
    assert not may_send(HELD, HELD, seconds_held=longest + 0.001)


@pytest.mark.parametrize("now", MOVED)
def test_nothing_is_sent_once_attempt_generation_or_state_has_moved(now):
    assert not may_send(HELD, now, seconds_held=0.0)


@pytest.mark.parametrize(("grant", "generation", "state", "wanted"), LANDINGS)
def test_what_was_received_is_stored_dropped_or_revoked(grant, generation, state, wanted):
    row = (grant, generation, state)

    assert landing(grant_id="ours", generation=3, row=row) is wanted


def test_what_was_received_for_a_row_that_is_gone_is_revoked():
    assert landing(grant_id="ours", generation=3, row=None) is Landing.REVOKE


@pytest.mark.parametrize(("deaths", "believed"), [(0, True), (9, True), (10, False), (99, False)])
def test_ten_deaths_at_once_are_not_believed(deaths, believed):
    assert is_mass_death(deaths) is not believed


def test_a_lease_outlives_all_that_is_done_under_it():
    assert lifecycle.LIFE > lifecycle.SEND + lifecycle.COMMIT + lifecycle.SETTLE


def test_no_lease_is_taken_for_one_of_a_clock_that_was_set_back():
    assert lifecycle.LIFE < LEASE_LIFE


def test_whoever_waits_for_a_lease_outlasts_a_dead_holder():
    assert lease._PATIENCE > lifecycle.LIFE
