"""Files that take no memory, and how much memory this process had at most."""

import hashlib
import re
from pathlib import Path

MIB = 1024 * 1024


class Sparse:
    """A file of any size that takes no memory: each block says where it is."""

    def __init__(self, size, name="film.mp4", head=b""):
        self.size = size
        self.name = name
        self.pieces = []
        self._head = head

    def read(self, piece):
        self.pieces.append(len(piece))
        blocks = range(piece.start // 64, -(-piece.stop // 64))
        text = b"".join(b"%063d\n" % block for block in blocks)
        skip = piece.start - blocks.start * 64
        text = text[skip : skip + len(piece)]
        return self._head[piece.start : piece.stop] + text[max(0, len(self._head) - piece.start) :]

    def digest(self, first=0):
        digest = hashlib.sha256()
        for at in range(first, self.size, MIB):
            digest.update(self.read(range(at, min(at + MIB, self.size))))
        return digest.hexdigest()


def peak():
    """Give the most memory this process has had since it was last asked, in MiB."""
    said = Path("/proc/self/status").read_text()
    Path("/proc/self/clear_refs").write_text("5")
    return int(re.search(r"VmHWM:\s+(\d+) kB", said)[1]) / 1024
