"""Google's storage as fsspec shows it, in memory: a bucket of objects, without directories."""

from __future__ import annotations

import io
from typing import Any, ClassVar

from fsspec.spec import AbstractBufferedFile, AbstractFileSystem


class ObjectStore(AbstractFileSystem):
    """Objects by bucket and name. What is written is there when its file is closed, as in gcsfs."""

    protocol = ("gs", "gcs")
    root_marker = ""
    cachable = False
    objects: ClassVar[dict[str, bytes]] = {}

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """What lies right below a path: objects, and the first parts of longer names."""
        path = self._strip_protocol(path).rstrip("/")
        found: dict[str, dict[str, Any]] = {}
        for name, data in self.objects.items():
            if name == path:
                return [self._describe(name, len(data))] if detail else [name]
            if name.startswith(f"{path}/"):
                child, below, _rest = name[len(path) + 1 :].partition("/")
                whole = f"{path}/{child}"
                found[whole] = self._describe(whole, None if below else len(data))
        if not found:
            raise FileNotFoundError(path)
        return list(found.values()) if detail else list(found)

    def _describe(self, name: str, size: int | None) -> dict[str, Any]:
        kind = "directory" if size is None else "file"
        return {"name": name, "size": size or 0, "type": kind}

    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        if mode == "rb":
            if path not in self.objects:
                raise FileNotFoundError(path)
            return io.BytesIO(self.objects[path])
        return _Upload(self, path, mode, **options)

    def cp_file(self, path1: str, path2: str, **_: Any) -> None:
        """Copy an object."""
        self.objects[path2] = self.objects[path1]

    def _rm(self, path: str) -> None:
        del self.objects[path]


class _Upload(AbstractBufferedFile):
    """Collects what is written; the object appears at once, with the last part."""

    def _initiate_upload(self) -> None:
        self._parts: list[bytes] = []

    def _upload_chunk(self, final: bool = False) -> bool:
        self._parts.append(self.buffer.getvalue())
        if final:
            self.fs.objects[self.path] = b"".join(self._parts)
        return True
