"""When something is due: before it is too late, and never sooner than it has to be."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from connector_vault import Secret, Tokens, forecast, registry
from connector_vault.connector import OAuth
from connector_vault.schedule import (
    LONGEST_ASKED,
    background_pause,
    is_hopeless,
    pause,
    plan,
    soon,
)
from tests.rows import ROW

SECOND, MINUTE, HOUR = 1000, 60_000, 3600_000
DAY = 24 * HOUR
NOW = 1_800_000_000_000

chances = st.floats(0, 1)
lives = st.integers(SECOND, 400 * DAY)
"""Milliseconds a token lives, or a grant."""

PAUSES = [(0, 0), (1, 0), (2, 1), (3, 2), (4, 4), (7, 32), (8, 60), (30, 60), (5000, 60)]
"""Failures, and seconds that callers are turned away."""

RETRIES = [(1, 10), (2, 20), (3, 40), (9, 2560), (10, 3600), (30, 3600), (5000, 3600)]
"""Failures, and seconds until it is tried again in the background."""

OAUTH = OAuth(authorize="https://a.example/a", token="https://a.example/t")
TOKENS = Tokens(access=Secret("access"), refresh=Secret("refresh"), expires_at=NOW + HOUR)


def planned(life, grant=0, *, idle=0, refreshable=True, chance=0.0):
    """Plan for a token of such a life, of a connection that was idle for so long."""
    return plan(
        now=NOW,
        expires_at=life and NOW + life,
        grant_ends_at=grant and NOW + grant,
        refreshable=refreshable,
        used_at=NOW - idle,
        chance=chance,
    )


@given(life=lives, grant=lives, idle=st.integers(0, 400 * DAY), chance=chances)
def test_a_refresh_is_due_before_the_grant_dies_and_never_in_the_past(life, grant, idle, chance):
    found = planned(life, grant, idle=idle, chance=chance)

    assert NOW <= found.due_at < NOW + grant
    assert found.dies_on == NOW + grant


@given(life=lives, grant=lives, chance=chances)
def test_an_idle_one_is_refreshed_once_most_of_its_refresh_tokens_life_is_over(life, grant, chance):
    due_at = planned(life, grant, idle=500 * DAY, chance=chance).due_at

    assert NOW + grant * 0.6 - 1 <= due_at <= NOW + grant * 0.8 + 1


@given(life=lives, chance=chances)
def test_one_in_use_is_refreshed_shortly_before_its_token_ends(life, chance):
    before = NOW + life - planned(life, 1000 * DAY, chance=chance).due_at

    lead = min(5 * MINUTE, life // 10)
    assert lead <= before <= 2 * lead


@given(life=lives, grant=lives, idle=st.integers(0, 400 * DAY), chance=chances)
def test_a_death_is_announced_after_all_that_can_be_refreshed_has_been(life, grant, idle, chance):
    found = planned(life, grant, idle=idle, chance=chance)

    assert found.due_at <= found.warn_at <= found.dies_on
    assert found.dies_on - found.warn_at <= 14 * DAY


@given(life=lives, chance=chances)
def test_a_grant_whose_end_is_unknown_is_refreshed_within_a_month(life, chance):
    found = planned(life, 0, idle=500 * DAY, chance=chance)

    assert NOW + 18 * DAY <= found.due_at <= NOW + 24 * DAY
    assert (found.dies_on, found.warn_at) == (0, 0)


@given(idle=st.integers(0, 400 * DAY))
def test_a_token_without_a_stated_end_is_refreshed_for_its_grants_sake_alone(idle):
    assert planned(0, 100 * DAY, idle=idle).due_at == NOW + 60 * DAY


@given(life=lives, grant=lives)
def test_a_token_that_cannot_be_refreshed_is_looked_at_when_it_ends(life, grant):
    found = planned(life, grant, refreshable=False)

    assert (found.due_at, found.dies_on) == (NOW + life, NOW + life)
    assert NOW + life - 14 * DAY <= found.warn_at <= NOW + life


def test_a_token_that_never_ends_is_left_alone():
    found = planned(0, refreshable=False)

    assert (found.due_at, found.dies_on, found.warn_at) == (0, 0, 0)


@pytest.mark.parametrize(
    ("life", "idle", "in_use"),
    [
        (8 * HOUR, 8 * HOUR, True),
        (8 * HOUR, 8 * HOUR + 1, False),
        (MINUTE, HOUR, True),
        (MINUTE, HOUR + 1, False),
    ],
)
def test_one_is_in_use_whose_last_token_was_handed_out(life, idle, in_use):
    due_at = planned(life, 100 * DAY, idle=idle).due_at

    assert (due_at < NOW + life) is in_use


@pytest.mark.parametrize(
    ("expires_at", "due_at"), [(NOW - 1, NOW + 60 * DAY), (NOW, NOW + 60 * DAY), (NOW + 1, NOW + 1)]
)
def test_a_token_that_has_ended_is_for_its_next_user_to_refresh(expires_at, due_at):
    ends = NOW + 100 * DAY
    found = plan(
        now=NOW,
        expires_at=expires_at,
        grant_ends_at=ends,
        refreshable=True,
        used_at=NOW,
        chance=0,
    )

    assert found.due_at == due_at


def test_one_in_use_is_refreshed_before_its_grant_dies():
    """A grant that ends before its access token."""
    assert planned(10 * DAY, 10 * HOUR).due_at == NOW + 6 * HOUR


@pytest.mark.parametrize(
    ("chance", "before"), [(0, 300 * SECOND), (0.5, 450 * SECOND), (1, 600 * SECOND)]
)
def test_chance_spreads_what_began_together(chance, before):
    assert soon(NOW, NOW + 8 * HOUR, chance) == NOW + 8 * HOUR - before


@pytest.mark.parametrize(("grant", "notice"), [(10 * DAY, 1.5 * DAY), (200 * DAY, 14 * DAY)])
def test_a_death_is_announced_with_the_last_of_its_life_left(grant, notice):
    assert planned(HOUR, grant).warn_at == NOW + grant - notice


@pytest.mark.parametrize(("failures", "seconds"), PAUSES)
def test_callers_are_turned_away_for_longer_after_each_failure(failures, seconds):
    assert pause(failures, asked=0, chance=0) == seconds


@given(failures=st.integers(0, 100), asked=st.floats(0, 10 * DAY), chance=chances)
def test_callers_are_turned_away_for_as_long_as_the_provider_wants(failures, asked, chance):
    found = pause(failures, asked=asked, chance=chance)

    least = min(asked, LONGEST_ASKED)
    assert least <= found <= 1.25 * max(least, 60)


@given(failures=st.integers(2, 100), asked=st.floats(0, DAY), chance=chances)
def test_those_who_wait_do_not_come_back_together(failures, asked, chance):
    least = pause(failures, asked=asked, chance=0)

    spread = min(least * (1 + chance / 4), LONGEST_ASKED)
    assert pause(failures, asked=asked, chance=chance) == spread


@pytest.mark.parametrize(("failures", "seconds"), RETRIES)
def test_the_background_waits_longer_after_each_failure(failures, seconds):
    assert background_pause(failures, chance=0) == seconds
    assert background_pause(failures, chance=1) == 1.25 * seconds


@pytest.mark.parametrize(
    ("tries", "waited", "hopeless"),
    [(7, 9 * DAY, False), (8, DAY - 1, False), (8, DAY, True), (9, 2 * DAY, True)],
)
def test_an_end_is_hopeless_after_eight_tries_and_a_day(tries, waited, hopeless):
    assert is_hopeless(tries, waited=waited) is hopeless


@given(life=lives, now=st.integers(0, 2 * NOW), chance=chances)
def test_a_token_in_use_is_replaced_while_it_works(life, now, chance):
    assume(life >= 10)

    assert now <= soon(now, now + life, chance) < now + life


CONNECTORS = [
    # idle and absolute seconds, end of the refresh token as answered, end of the grant
    (0, 0, 0, 0),
    (90 * 86_400, 0, 0, NOW + 90 * DAY),
    (90 * 86_400, 0, NOW + 5 * DAY, NOW + 5 * DAY),
    (0, 365 * 86_400, 0, NOW - 100 * DAY + 365 * DAY),
    (0, 365 * 86_400, NOW + 5 * DAY, NOW + 5 * DAY),
    (0, 365 * 86_400, NOW + 500 * DAY, NOW + 265 * DAY),
    (90 * 86_400, 120 * 86_400, 0, NOW + 20 * DAY),
    (10 * 86_400, 120 * 86_400, 0, NOW + 10 * DAY),
]


@pytest.mark.parametrize(("idle", "absolute", "said", "ends"), CONNECTORS)
async def test_a_connector_tells_how_long_a_grant_lives(
    vault, monkeypatch, idle, absolute, said, ends
):
    known = replace(registry.load("github"), oauth=replace(OAUTH, idle=idle, absolute=absolute))
    monkeypatch.setattr(registry, "load", lambda _: known)
    room = replace(vault.room, clock=lambda: NOW)
    row = ROW._replace(granted_at=NOW - 100 * DAY)

    found = forecast.planned(room, row, replace(TOKENS, refresh_expires_at=said))

    assert found["dies_on"] == ends


async def test_a_pasted_token_has_no_grant_that_ends(vault, monkeypatch):
    known = replace(registry.load("github"), oauth=replace(OAUTH, idle=1, absolute=1))
    monkeypatch.setattr(registry, "load", lambda _: known)
    pasted = Tokens(access=Secret("access"))

    found = forecast.planned(vault.room, ROW._replace(kind="token"), pasted)

    assert found == {"due_at": 0, "dies_on": 0, "warn_at": 0}
