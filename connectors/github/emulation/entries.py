"""What is told of a file or a directory, as it stands at some ref."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from connector_vault.connector import Json

from .asked import Asked
from .git import Files, blob_sha
from .repository import Repository

__all__ = ["Place"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A repository at a ref, and who asks about it."""

    asked: Asked
    found: Repository
    ref: str

    def file(self, path: str, content: bytes) -> dict[str, Json]:
        """Tell of a file, without what is in it."""
        sha, where = blob_sha(content), f"{self.found.full_name}/{self.ref}/{quote(path)}"
        told = {"type": "file", "size": len(content), **self._name(path), "sha": sha}
        raw = f"{self.asked.base}/raw.githubusercontent.com/{where}"
        return {**told, **self._links(path, f"blobs/{sha}", "blob"), "download_url": raw}

    def directory(self, files: Files, path: str) -> dict[str, Json]:
        """Tell of a directory, without what is in it."""
        below = sorted(name for name in files if name.startswith(f"{path}/") or not path)
        sha = blob_sha(b"".join(name.encode() + files[name] for name in below))
        told = {"type": "dir", "size": 0, **self._name(path), "sha": sha}
        return {**told, **self._links(path, f"trees/{sha}", "tree"), "download_url": None}

    def entries(self, files: Files, path: str) -> Iterator[dict[str, Json]]:
        """Tell of what is in a directory, one level deep."""
        inside = f"{path}/" if path else ""
        below = (name[len(inside) :] for name in files if name.startswith(inside))
        for name in sorted({one.partition("/")[0] for one in below}):
            whole = inside + name
            if whole in files:
                yield self.file(whole, files[whole])
            else:
                yield self.directory(files, whole)

    def _name(self, path: str) -> dict[str, Json]:
        return {"name": path.rpartition("/")[2], "path": path}

    def _links(self, path: str, git: str, shown: str) -> dict[str, Json]:
        api, where = f"{self.asked.api}/repos/{self.found.full_name}", quote(path)
        url, git_url = f"{api}/contents/{where}?ref={quote(self.ref)}", f"{api}/git/{git}"
        html = f"{self.asked.web}/{self.found.full_name}/{shown}/{self.ref}/{where}"
        links = {"self": url, "git": git_url, "html": html}
        return {"url": url, "git_url": git_url, "html_url": html, "_links": links}
