"""API keys: who may ask, and how often. The file has their hashes, never the keys."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from glm4v_ros.errors import BadRequest

_PREFIX = "glm4v-"
_NAME = re.compile(r"[\w.-]{1,64}")


@dataclass(frozen=True)
class Key:
    name: str
    sha256: str  # (hex) of the key, which has 256 random bits: nothing slower is needed to hide it
    per_minute: float = 0.0  # questions; 0: the server's limit


class KeyRing:
    """The keys of one file, JSON that only its owner may read."""

    def __init__(self, keys: tuple[Key, ...] = ()):
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(key.name for key in self._keys)

    def find(self, secret: str) -> Key | None:
        """The key that this is. Looks at all, whichever it is."""
        digest = hashlib.sha256(secret.encode(errors="replace")).hexdigest()
        found = None
        for key in self._keys:
            if hmac.compare_digest(digest, key.sha256):
                found = key
        return found

    def with_new(self, name: str, per_minute: float = 0.0) -> tuple[KeyRing, str]:
        """A ring with one more key, and that key, which is nowhere else. Raises BadRequest."""
        if not _NAME.fullmatch(name):
            raise BadRequest("a key's name has 1 to 64 letters, digits, points and hyphens")
        if name in self.names:
            raise BadRequest(f"there is a key '{name}' already; remove it, or choose another name")
        secret = _PREFIX + secrets.token_urlsafe(32)
        key = Key(name, hashlib.sha256(secret.encode()).hexdigest(), per_minute)
        return KeyRing((*self._keys, key)), secret

    def without(self, name: str) -> KeyRing:
        if name not in self.names:
            raise BadRequest(f"there is no key '{name}'; there are {', '.join(self.names) or 'none'}")
        return KeyRing(tuple(key for key in self._keys if key.name != name))

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """An empty ring where there is no file. Raises BadRequest that says what is wrong with it."""
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))["keys"]
            keys = tuple(Key(**entry) for entry in entries)
            if not all(re.fullmatch("[0-9a-f]{64}", key.sha256) and _NAME.fullmatch(key.name) for key in keys):
                raise ValueError("a key's sha256 or name is none")
            return cls(keys)
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadRequest(f"the keys in {path} cannot be read: {error}") from error

    def save(self, path: Path) -> None:
        """Whole or not at all."""
        text = json.dumps({"keys": [asdict(key) for key in self._keys]}, indent=2) + "\n"
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(path.name + ".new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(new, path)
