"""`serve`: the panel on a port, until a signal."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from contextlib import closing, contextmanager
from http.client import HTTPConnection

import httpx2
import pytest

from connector_vault.cli import serving as serving_of
from tests.cli import FIXTURES
from tests.curl import curl, with_curl

portal, played, shell, lonely, connected = FIXTURES
fixtures = with_curl


@pytest.fixture
def made(lonely):
    """A machine with a vault, and an access key for its owner."""
    assert lonely.quick("init").code == 0
    return lonely, lonely.quick("keys", "create", "--json").json


@contextmanager
def serving(shell, *options):
    """Serve, and give the address and the process."""
    with shell.start("serve", "--port", "0", "--json", *options) as process:
        try:
            yield json.loads(process.stdout.readline())["url"], process
        finally:
            process.terminate()
            process.communicate(timeout=30)


def shown(said):
    return {"headers": {"authorization": f"Bearer {said['secret']}"}}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal(made, number):
    shell, said = made
    with serving(shell) as (url, process):
        assert httpx2.get(f"{url}/healthz").status_code == 200
        assert httpx2.get(f"{url}/v1/connections", **shown(said)).json()["connections"] == []
        process.send_signal(number)
        _, err = process.communicate(timeout=30)

    assert process.returncode == 0
    assert err == f"Serving the panel at {url}. Ctrl-C ends it.\n"


def test_a_key_that_is_revoked_in_another_process_is_a_401_at_once(made):
    shell, said = made
    with serving(shell) as (url, _):
        before = httpx2.get(f"{url}/v1/connections", **shown(said))
        shell.quick("keys", "revoke", said["key"]["id"])
        after = httpx2.get(f"{url}/v1/connections", **shown(said))

    assert (before.status_code, after.status_code) == (200, 401)


@pytest.mark.usefixtures("with_curl")
def test_curl_ends_a_connection(connected):
    shell, id_ = connected
    key = shell.quick("keys", "create").out.strip()
    with serving(shell) as (url, _):
        ask = ("-X", "POST", "-H", f"Authorization: Bearer {key}")
        reply = asyncio.run(curl(*ask, f"{url}/v1/connections/{id_}/disconnect"))

    assert (reply.status, reply.json["outcome"], reply.json["shredded"]) == (200, "revoked", True)
    assert shell.quick("disconnect", id_, "--json").json["receipt"] == reply.json


def test_a_name_that_is_not_its_own_is_refused(made):
    shell, _ = made
    with serving(shell, "--allowed-host", "Panel.test") as (url, _):
        told = {
            host: httpx2.get(f"{url}/v1/connections", headers={"host": host}).status_code
            for host in ("evil.test", "panel.test", "localhost:1", "127.0.0.1", "[::1]")
        }

    assert told == {"evil.test": 421} | dict.fromkeys(list(told)[1:], 401)


def test_no_log_holds_a_key(made):
    """Not even what is logged for whoever looks for a fault."""
    shell, said = made
    with serving(shell, "--debug") as (url, process):
        httpx2.get(f"{url}/v1/connections", **shown(said))
        httpx2.get(f"{url}/v1/connections/{said['secret']}", **shown(said))
        process.terminate()
        _, err = process.communicate(timeout=30)

    assert "DEBUG" in err
    assert said["secret"][4:] not in err


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://{here}/v1/connections?limit=1", 200),
        ("HTTPS://LOCALHOST/v1/connections", 200),
        ("http://{here}/healthz", 200),
        ("http://{here}/v1%2fconnections", 200),
        ("http://{here}", 404),
        ("http://{here}?limit=1", 404),
        ("http://evil.test/v1/connections", 421),
        ("http://user@localhost/v1/connections", 421),
        ("http:///v1/connections", 421),
        ("ftp://{here}/v1/connections", 404),
    ],
)
def test_a_target_may_be_a_whole_address(made, target, status):
    """RFC 9112, section 3.2.2: its host counts, whatever Host says."""
    shell, said = made
    with serving(shell) as (url, _):
        assert whole(url, target.format(here=url[7:]), "localhost", **shown(said)) == status
        if status == 200:
            assert whole(url, target.format(here=url[7:]), "evil.test", **shown(said)) == status


def test_who_asks_for_a_websocket_is_answered_and_the_log_advises_nothing(made):
    shell, said = made
    asked = {"connection": "upgrade", "upgrade": "websocket"}
    with serving(shell) as (url, process):
        headers = shown(said)["headers"] | asked
        assert httpx2.get(f"{url}/v1/connections", headers=headers).status_code == 200
        process.terminate()
        _, err = process.communicate(timeout=30)

    assert err == f"Serving the panel at {url}. Ctrl-C ends it.\n"


def test_a_large_body_is_not_read(made):
    """It would have to lie somewhere."""
    shell, said = made
    with serving(shell) as (url, _), socket.create_connection(address(url)) as door:
        head = f"POST /v1/connections/con_none/disconnect HTTP/1.1\r\nHost: {url[7:]}\r\n"
        key = f"Authorization: Bearer {said['secret']}\r\n"
        door.sendall(f"{head}{key}Content-Length: 1000000000000\r\n\r\n".encode())
        assert door.recv(100).startswith(b"HTTP/1.1 404 ")


def test_a_client_who_never_finishes_does_not_keep_it_from_ending(made):
    shell, _ = made
    with serving(shell) as (url, process), socket.create_connection(address(url)) as door:
        door.sendall(b"GET /healthz HTTP/1.1\r\n")
        httpx2.get(f"{url}/healthz")
        process.terminate()
        process.communicate(timeout=30)

    assert process.returncode == 0


def test_it_says_how_to_make_a_key_if_there_is_none_that_works(made):
    shell, said = made
    shell.quick("keys", "revoke", said["key"]["id"])
    with serving(shell) as (_, process):
        assert "keys create" in process.stderr.readline()


def test_other_commands_bring_in_no_server():
    look = "import sys, connector_vault.cli; print({'starlette', 'uvicorn'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"


def test_it_makes_no_vault(lonely):
    done = lonely.quick("serve", "--port", "0")

    assert done.code == 1
    assert "connector-vault init" in done.err


def test_a_port_that_is_taken_is_one_line(made):
    shell, _ = made
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = shell.quick("serve", "--port", str(taken.getsockname()[1]), "--json")

    assert (done.code, done.error[0]) == (1, "Misconfigured")
    assert done.err.count("\n") == 1
    assert "in use" in done.err


@pytest.mark.parametrize(
    "options",
    [
        ["--port", "70000"],
        ["--host", "panel.test"],
        ["--host", "0.0.0.0"],
        ["--host", "::"],
        ["--allowed-host", "https://panel.test"],
        ["--allowed-host", ""],
        ["--allowed-host", "panel.test:80"],
        ["--allowed-host", "127.0.0.1:80"],
        ["--allowed-host", "[::1]:80"],
        ["--allowed-host", "fe80::1%eth0"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_served_is_usage(made, options):
    shell, _ = made

    assert shell.quick("serve", *options).code == 2


def test_an_address_that_is_not_this_machines_is_blamed_and_not_the_port(made):
    shell, _ = made
    elsewhere = ("--host", "203.0.113.5", "--allowed-host", "panel.test")
    done = shell.quick("serve", "--port", "0", *elsewhere, "--json")

    assert (done.code, done.error[0]) == (1, "Misconfigured")
    assert "203.0.113.5" in done.error[1]
    assert "--host" in done.error[1]
    assert "port" not in done.error[1]


@pytest.mark.parametrize("name", ["panel.test", "panel.test.", "192.0.2.7", "2001:db8::7"])
def test_a_name_is_a_hosts_or_an_address(name):
    serving_of.check_names([name])


def test_an_address_that_others_reach_is_warned_of(made):
    shell, _ = made
    options = ("--host", "0.0.0.0", "--allowed-host", "panel.test")
    with serving(shell, *options) as (_, process):
        assert "TLS" in process.stderr.readline()


def test_it_listens_where_localhost_is(made):
    shell, _ = made
    with serving(shell, "--host", "localhost") as (url, _):
        assert url.startswith("http://localhost:")
        assert httpx2.get(f"{url}/readyz").status_code == 200


def whole(url, target, host, *, headers):
    """Ask for a target as it stands, and give the status."""
    with closing(HTTPConnection(*address(url), timeout=30)) as http:
        http.request("GET", target, headers={"Host": host, **headers})
        return http.getresponse().status


def address(url):
    host, _, port = url.removeprefix("http://").rpartition(":")
    return host, int(port)
