"""A file that a caller hands over."""


class Held:
    """Bytes with a name."""

    def __init__(self, data, name="file"):
        self._data = data
        self.name = name

    @property
    def size(self):
        return len(self._data)

    def read(self, piece):
        return self._data[piece.start : piece.stop]
