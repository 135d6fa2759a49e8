"""Moto's KMS on loopback: it speaks as AWS does, and is neither as fast nor as far away."""

import importlib.util
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager

from benchmarks.environ import told

__all__ = ["MISSING", "serving"]

MISSING = "AWS KMS is not measured: pip install botocore moto flask flask-cors"

_RUN = """
import logging, sys
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
"""It ends with us, however we end: then nobody writes to its standard input."""

_ENVIRON = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}

_SCOPE = "testing/20260101/us-east-1/kms/aws4_request"


@contextmanager
def serving() -> Generator[str | None]:
    """Run a server, and give the URI of a key in it. None: it is not installed."""
    if not all(map(importlib.util.find_spec, ("botocore", "moto", "flask", "flask_cors"))):
        yield None
        return
    command, pipe = (sys.executable, "-c", _RUN), subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process, told(**_ENVIRON):
        assert process.stdout
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        # A busy machine may need longer than five seconds for a crowd.
        yield f"aws-kms://{_key(url)}?endpoint={url}&timeout=60"
        process.communicate()


def _key(url: str) -> str:
    """Make a key, and give its ARN. Moto believes every signature."""
    request = urllib.request.Request(url, b"{}", method="POST")
    request.add_header("Content-Type", "application/x-amz-json-1.1")
    request.add_header("X-Amz-Target", "TrentService.CreateKey")
    signed = f"AWS4-HMAC-SHA256 Credential={_SCOPE}, SignedHeaders=a, Signature=0"
    request.add_header("Authorization", signed)
    with urllib.request.urlopen(request, timeout=30) as reply:
        return str(json.loads(reply.read())["KeyMetadata"]["Arn"])
