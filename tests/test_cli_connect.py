"""`connect` and `add`: how accounts and keys come in."""

import os
import pty
import signal
import socket
import subprocess
import sys

import httpx2
import pytest

from tests.cli import FIXTURES, SECRET_KEY, link_of, visit

portal, played, shell, lonely, connected = FIXTURES

VISITOR = "import sys, httpx2; httpx2.get(sys.argv[1], follow_redirects=True)"


def back_of(link):
    """Let the provider agree, and give the address it sends the browser to."""
    return httpx2.get(link).headers["location"]


def test_a_visit_to_the_link_connects_the_account(shell):
    with shell.start("connect", "github", "--no-browser", "--json") as process:
        page = visit(link_of(process))
        out, _ = process.communicate(timeout=30)

    (connection,) = shell._done(process.returncode, out, "").json["connections"]
    assert (connection["label"], connection["state"]) == ("octocat", "active")
    assert (page.status_code, page.url.path) == (200, "/callback/github")
    assert "Connected: octocat" in page.text
    assert process.returncode == 0


def test_the_browser_is_opened(shell):
    shell.env["BROWSER"] = f"{sys.executable} -c '{VISITOR}' %s"

    done = shell.run("connect", "github")

    assert done.code == 0
    assert done.out.startswith("Connected octocat at github as con_")


def test_the_page_of_a_refusal_says_so(shell):
    with shell.start("connect", "github", "--no-browser", "--json") as process:
        back = httpx2.URL(back_of(link_of(process)))
        page = visit(back.copy_remove_param("code").copy_add_param("error", "access_denied"))
        out, _ = process.communicate(timeout=30)

    assert "Not connected" in page.text
    assert "refused: access_denied" in page.text
    assert shell._done(process.returncode, out, "").error[0] == "Refused"
    assert process.returncode == 1


def test_other_visits_do_not_end_the_wait(shell):
    with shell.start("connect", "github", "--no-browser") as process:
        back = httpx2.URL(back_of(link_of(process)))
        strangers = [
            visit(back.copy_with(path="/favicon.ico")),
            visit(back.copy_set_param("state", "<script>alert(1)</script>")),
            visit(back, headers={"host": "evil.example"}),
            httpx2.post(back),
        ]
        assert visit(back).status_code == 200
        process.communicate(timeout=30)

    assert [page.status_code for page in strangers] == [404, 400, 421, 405]
    assert not any("<script>" in page.text for page in strangers)
    assert process.returncode == 0


def test_a_connection_that_asks_nothing_holds_nobody_up(shell):
    with shell.start("connect", "github", "--no-browser") as process:
        back = httpx2.URL(back_of(link_of(process)))
        with socket.create_connection((back.host, back.port)):
            visit(back)
            # Ten seconds is what a client has for its request.
            process.communicate(timeout=5)

    assert process.returncode == 0


def test_nobody_comes(shell):
    done = shell.run("connect", "github", "--no-browser", "--timeout", "1", "--json")

    assert done.code == 7
    assert done.error[0] == "TimedOut"
    assert shell.sql("select count(*) from consent") == [(0,)]


def test_ctrl_c_leaves_nothing_behind(shell):
    with shell.start("connect", "github", "--no-browser", "--json") as process:
        back = back_of(link_of(process))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert shell._done(130, out, err).error == ("Interrupted", "interrupted")
    assert shell.sql("select count(*) from consent") == [(0,)]
    with pytest.raises(httpx2.ConnectError):
        visit(back)


def test_the_callback_can_be_pasted(shell):
    with shell.start("connect", "github", "--paste", stdin=subprocess.PIPE) as process:
        back = back_of(link_of(process))
        out, _ = process.communicate(f"{back}\n", timeout=30)

    assert back.startswith("http://127.0.0.1:8912/callback/github?")
    assert out.startswith("Connected octocat")


def test_what_is_pasted_must_be_the_callback(shell):
    done = shell.quick("connect", "github", "--paste", stdin="https://example.com/?code=x\n")

    assert done.code == 5
    assert "not a callback" in done.err


def test_the_redirect_uri_says_where_to_listen(shell):
    done = shell.quick("connect", "github", "--redirect-uri", "https://box.example/back")

    assert done.code == 2
    assert "--port" in done.err


def test_a_port_that_is_taken_is_named(shell, played):
    port = played.url.rpartition(":")[2]

    done = shell.quick("connect", "github", "--port", port)

    assert done.code == 1
    assert f"port {port}" in done.err


def test_an_unknown_provider_makes_no_vault(shell):
    done = shell.quick("connect", "githib", "--json")

    assert done.code == 2
    assert done.error[0] == "BadArguments"
    assert not shell.file.exists()


def test_a_dead_connection_is_mended_under_its_id(connected):
    shell, id_ = connected

    done = shell.connect("--json", "--reconnect", id_[:10])

    (connection,) = done.json["connections"]
    assert (connection["id"], connection["generation"]) == (id_, 2)


def test_a_key_comes_through_a_pipe(lonely):
    done = lonely.quick("add", "openrouter", "--label", "work", "--json", stdin=f"{SECRET_KEY}\n")

    connection = done.json["connection"]
    assert (connection["kind"], connection["label"]) == ("api-key", "work")
    assert SECRET_KEY not in done.out + done.err


def test_a_key_comes_from_a_file(lonely, tmp_path):
    (tmp_path / "key").write_text(SECRET_KEY)

    done = lonely.quick("add", "openrouter", "--secret-file", str(tmp_path / "key"))

    assert done.code == 0
    assert done.out.startswith("Kept openrouter as con_")
    assert "so one is made" in done.err


def test_a_key_is_typed_unseen(lonely):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "connector_vault", "add", "openrouter"]
    with subprocess.Popen(
        command, env=lonely.env, stdin=theirs, stdout=-1, stderr=theirs
    ) as process:
        os.close(theirs)
        seen = os.read(ours, 1000)
        os.write(ours, f"{SECRET_KEY}\n".encode())
        out = process.stdout.read()
        seen += os.read(ours, 1000)
    os.close(ours)

    assert out.startswith(b"Kept openrouter")
    assert b"not shown" in seen
    assert SECRET_KEY.encode() not in seen


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (["add", "openrouter", "--stdin", "--secret-file", "/dev/null"], SECRET_KEY),
        (["add", "openrouter", "--secret-file", "/nowhere/key"], ""),
        (["add", "Open Router"], SECRET_KEY),
        (["add", "openrouter"], ""),
        (["add", "openrouter"], "two words"),
        (["add", "openrouter"], "x" * 70_000),
        (["add", "openrouter", "--label", "a\nb"], SECRET_KEY),
    ],
)
def test_a_key_that_cannot_be_one_is_refused(lonely, arguments, stdin):
    done = lonely.quick(*arguments, "--json", stdin=stdin)

    assert (done.code, done.error[0]) == (2, "BadArguments")


@pytest.mark.parametrize(
    "extra", [[SECRET_KEY], ["--secret", SECRET_KEY], [f"--key={SECRET_KEY}"], [f"-k{SECRET_KEY}"]]
)
def test_a_secret_is_no_argument_and_is_not_repeated(lonely, extra):
    done = lonely.quick("add", "openrouter", *extra, "--json")

    assert (done.code, done.error[0]) == (2, "BadArguments")
    assert SECRET_KEY not in done.out + done.err


def test_a_token_its_provider_refuses_is_not_kept(shell):
    done = shell.quick("add", "github", stdin="ghp_" + "x" * 36)

    assert done.code == 1
    assert shell.sql("select count(*) from connection") == [(0,)]
