"""Trying the same outside of any sandbox: `control.py FACTS NAMES`, both as JSON."""

import json
import socket
import sys

from hostile_connector.probes import attempted

if __name__ == "__main__":
    facts, names = map(json.loads, sys.argv[1:])
    # What a probe of a process's own memory, environment and sockets is to find here.
    secret = facts["reversed"][::-1]
    pair = socket.socketpair()
    datagram = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sys.stdout.write(json.dumps({name: attempted(name, facts) for name in names}))
