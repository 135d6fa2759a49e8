"""What a service's file says: read, written, refused, and made into a connector."""

import os
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_vault import registry
from connector_vault.catalog import Catalog, open_catalog
from connector_vault.connector import RateLimited, Reconnect, Refused, Reply, Request
from connector_vault.connector.wire import is_a_tools
from connector_vault.declared import changes, check_declared
from connector_vault.errors import BadArguments, Misconfigured, NotAllowed
from connector_vault.services import (
    Service,
    connector_of,
    read_service,
    service_of,
    write_service,
)
from connector_vault.services.paper import toml_of
from connector_vault.services.tool import answer

PLAIN = {"auth": "api-key", "host": "api.example.com/v1", "allow": ["GET /models"]}
OAUTH2 = {
    "authorize": "https://example.com/authorize",
    "token": "https://api.example.com/token",
    "revoke": "https://api.example.com/revoke",
    "scopes": ["read", "write"],
    "client_authentication": "basic",
}
TRICKS = ["/a/%2e%2e/b", "/a%2Fb", "/a//b", "/a;b/c", "/a/..;/b", "/a/%252e%252e/b", "/a/%00"]
BOTH = {**PLAIN, "auth": "oauth2", "oauth2": OAUTH2}
PATHS = ["/models", "/a/b/c", "/a%20b", "/a/", "/", *TRICKS]


def rewritten(service, path):
    """Replace a file, as an editor does."""
    path.unlink()
    assert write_service(service, path)


def said(**more):
    return service_of({**PLAIN, **more}, "acme", "acme.toml")


def test_a_host_without_a_scheme_is_asked_over_tls():
    assert said().host == "https://api.example.com/v1"
    assert said(host="http://127.0.0.1:8080/").host == "http://127.0.0.1:8080"


WRONG = {
    "host": [
        "http://api.example.com",
        "https://ada@example.com",
        "https://example.com/?key=1",
        "https://example.com/a/../b",
        "ftp://example.com",
        "",
    ],
    "allow": [
        *([], ["GET"], ["GET models"], ["FETCH /a"], ["GET /a b"], ["GET /a?b"], ["GET /{x}"]),
        ["GET /models*"],
    ],
    "header": ["X Key", "", "X-Key\r\nHost", "Host", "Cookie"],
    "scheme": ["B\r\nX: y"],
    "headers": [{"X-A": "a\r\nb"}, {"Host": "evil.example"}],
    "auth": ["none", ""],
    "timeout": [0, 601],
    "patterns": [["("]],
    "oauth2": [
        OAUTH2,
        {**OAUTH2, "authorize": "http://example.com"},
        {**OAUTH2, "token": "https://example.com/token#x y"},
    ],
    "colour": ["blue"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, one) for name, some in WRONG.items() for one in some]
)
def test_what_cannot_be_is_refused_by_its_name(name, value):
    with pytest.raises(Misconfigured, match=rf"^acme\.toml: .*{name}") as caught:
        said(**{name: value})
    assert "\n" not in str(caught.value)


def test_a_revocation_elsewhere_would_carry_a_secret_elsewhere():
    told = {**OAUTH2, "revoke": "https://elsewhere.example/revoke"}
    with pytest.raises(Misconfigured, match="another host"):
        service_of({**BOTH, "oauth2": told}, "acme", "acme.toml")


NAMES = st.from_regex(r"X-[A-Za-z0-9-]{1,20}", fullmatch=True).filter(is_a_tools)
LINES = st.from_regex(r"[\x20-\x7e]{0,30}", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)


@given(
    title=TEXTS,
    headers=st.dictionaries(NAMES, LINES, max_size=3),
    parameters=st.dictionaries(TEXTS, TEXTS, max_size=3),
)
def test_what_is_written_reads_as_it_was(title, headers, parameters):
    told = {**OAUTH2, "parameters": parameters}
    service = service_of(
        {**BOTH, "title": title, "headers": headers, "oauth2": told}, "acme", "acme.toml"
    )

    assert service_of(tomllib.loads(toml_of(service)), "acme", "acme.toml") == service


def test_a_file_is_for_its_owner_alone_and_whole_or_not_there(tmp_path):
    path = tmp_path / "services" / "acme.toml"
    write_service(said(), path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert read_service(path) == said()
    assert [one.name for one in path.parent.iterdir()] == ["acme.toml"]

    assert not write_service(said(title="Another"), path)
    assert read_service(path) == said()
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match="cannot be written"):
        write_service(said(), tmp_path / "file" / "acme.toml")


@pytest.mark.parametrize("text", ["auth = ", "auth = 'api-key'", "\x00", "a" * 70_000])
def test_a_file_that_is_none_is_told(tmp_path, text):
    path = tmp_path / "acme.toml"
    path.write_text(text)
    catalog = open_catalog(str(tmp_path))

    assert "acme" in catalog.names()
    with pytest.raises(Misconfigured, match=r"acme\.toml"):
        catalog.load("acme")


def test_a_file_that_changes_is_read_again(tmp_path):
    catalog = open_catalog(str(tmp_path))
    with pytest.raises(BadArguments, match="named 'acme': there are facebook, github"):
        catalog.load("acme")

    write_service(said(title="First"), tmp_path / "acme.toml")
    first = catalog.load("acme")
    assert catalog.load("acme") is first

    rewritten(said(title="The second"), tmp_path / "acme.toml")
    assert catalog.load("acme").title == "The second"
    (tmp_path / "acme.toml").unlink()
    assert not catalog.is_service("acme")


def test_a_service_never_stands_in_for_a_connector(tmp_path):
    write_service(said(), tmp_path / "github.toml")
    catalog = open_catalog(str(tmp_path))

    assert catalog.load("github") is registry.load("github")
    assert catalog.endpoint("github") == b""
    assert catalog.place("github") == registry.place("github")


def test_what_could_be_a_secret_is_not_repeated():
    with pytest.raises(BadArguments, match="has this name") as caught:
        Catalog().load("sk-or-v1-0123456789")
    assert "sk-or" not in str(caught.value)


def test_the_shipped_example_binds_no_address():
    openrouter = Catalog().load("openrouter")

    assert openrouter.api == "https://openrouter.ai/api/v1"
    assert openrouter.endpoint == b""
    assert Catalog().is_ours("openrouter")


def test_each_address_is_in_the_digest():
    service = service_of(BOTH, "acme", "")
    moved = [{**BOTH, "host": "https://other.example"}] + [
        {**BOTH, "oauth2": {**OAUTH2, name: "https://api.example.com/other"}}
        for name in ("authorize", "token", "revoke")
    ]
    digests = {service_of(one, "acme", "").digest() for one in moved}

    assert len({service.digest(), *digests}) == 5
    assert service_of({**BOTH, "title": "Another", "allow": ["GET /x"]}, "acme", "").digest() == (
        service.digest()
    )


def allowed(service, method, path):
    (tool,) = connector_of(service).tools
    try:
        check_declared(tool, Request(method, path))
    except NotAllowed:
        return False
    return True


@pytest.mark.parametrize(
    ("rule", "passes"),
    [
        ("GET /models", ["/models"]),
        ("GET /a/*", ["/a/b/c"]),
        ("GET /{}", ["/models", "/a%20b"]),
        ("GET /{}/{}/{}", ["/a/b/c"]),
        ("GET /", ["/"]),
        ("GET /*", ["/models", "/a/b/c", "/a%20b", "/a/"]),
    ],
)
def test_a_rule_lets_pass_what_it_says(rule, passes):
    """What servers read in more than one way is never part of it."""
    assert [path for path in PATHS if allowed(said(allow=[rule]), "GET", path)] == passes
    assert not any(allowed(said(allow=[rule]), "POST", path) for path in PATHS)


@pytest.mark.parametrize(
    ("allow", "effect"),
    [
        (["GET /a", "GET /b"], "reads"),
        (["GET /a", "POST /b"], "writes"),
        (["GET /a", "POST /b", "DELETE /c"], "destroys"),
    ],
)
def test_what_is_allowed_says_what_the_tool_does(allow, effect):
    (tool,) = connector_of(said(allow=allow)).tools

    assert (tool.name, tool.effect) == ("request", effect)
    assert changes(tool, Request("POST", "/b")) is (effect != "reads")
    assert all(f"- {one}" in tool.function.__doc__ for one in allow)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": {"message": "no such model", "code": 404}}', "no such model"),
        (b'{"error": "invalid_request", "error_description": "x"}', "invalid_request"),
        (b'{"errors": [{"detail": "no such thing"}]}', "no such thing"),
        (b'{"title": "Not found", "detail": "It is gone"}', "It is gone"),
        (b"plain\nwords", "plain words"),
        (b"[]", ""),
        (b"7", ""),
        (b"", ""),
    ],
)
def test_a_refusal_is_told_in_the_services_words(body, words):
    with pytest.raises(Refused) as caught:
        answer(Reply(404, body))
    assert (caught.value.code, words in str(caught.value)) == ("404", True)


def test_what_a_status_says():
    assert answer(Reply(200, b'{"a": 1}')) == {"a": 1}
    assert answer(Reply(200, b"text")) == "text"
    assert answer(Reply(204)) is None
    with pytest.raises(Reconnect):
        answer(Reply(401))
    with pytest.raises(RateLimited) as caught:
        answer(Reply(429, b"", {"retry-after": "7"}))
    assert caught.value.retry_after == 7


def test_a_service_can_be_said_in_code():
    service = Service(name="acme", auth="api-key", host="api.example.com", allow=["GET /a"])

    assert connector_of(service).api == "https://api.example.com"


def test_a_package_that_is_installed_takes_no_service_over(monkeypatch):
    """Its entry point of the same name would have the keys of that service sent elsewhere."""
    monkeypatch.setattr(registry, "names", lambda: ("openrouter",))

    assert Catalog().is_service("openrouter")
    assert Catalog().load("openrouter").api == "https://openrouter.ai/api/v1"


def test_a_file_that_was_replaced_is_noticed_by_more_than_its_time(tmp_path):
    path = tmp_path / "acme.toml"
    write_service(said(title="aaa"), path)
    catalog, before = open_catalog(str(tmp_path)), path.stat()
    assert catalog.load("acme").title == "aaa"

    rewritten(said(title="bbb"), path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert catalog.load("acme").title == "bbb"


def test_a_file_whose_name_is_none_is_passed_over(tmp_path):
    (tmp_path / "foo-bar.toml").touch()

    assert "foo-bar" not in open_catalog(str(tmp_path)).names()
