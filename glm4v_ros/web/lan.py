"""A server for the phones of one network: a certificate of its own, a key, and a QR code with both's address."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from glm4v_ros.errors import BadRequest
from glm4v_ros.web.keys import KeyRing
from glm4v_ros.web.settings import Settings

_KEY_NAME = "lan"
_DAYS = 825  # phones refuse certificates that hold for longer


def directory() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "glm4v_ros" / "serve"


def addresses(host: str) -> tuple[str, ...]:
    """By which phones reach this machine: ``host`` itself, or where it is all of them, the one that leads out, with
    the name."""
    if not ipaddress.ip_address(host).is_unspecified:
        return (host,)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # of a datagram socket: asks the routing table, sends nothing
            address = probe.getsockname()[0]
        except OSError as error:
            raise BadRequest(f"this machine is in no network ({error}); give its address with --host") from error
    return address, f"{socket.gethostname().split('.')[0].lower()}.local"


def certificate(host: str) -> tuple[tuple[str, str], tuple[str, ...]]:
    """The files of a self-signed certificate and of its key, made at need, and the names that it is for. Raises
    BadRequest."""
    names = addresses(host)
    here = directory()
    chain, key, made_for = here / "lan.crt", here / "lan.key", here / "lan.names"
    wanted = " ".join(names)
    if not (
        chain.is_file() and key.is_file() and made_for.is_file() and made_for.read_text() == wanted and _holds(chain)
    ):
        here.mkdir(parents=True, exist_ok=True)
        _make(chain, key, names)
        made_for.write_text(wanted)
    return (str(chain), str(key)), names


def key(keys: KeyRing, path: Path) -> tuple[KeyRing, str]:
    """A new key each time: the file has only the hash of the last one, and a QR code on a screen may have been seen."""
    if _KEY_NAME in keys.names:
        keys = keys.without(_KEY_NAME)
    keys, secret = keys.with_new(_KEY_NAME)
    keys.save(path)
    return keys, secret


def tell(settings: Settings, port: int, secret: str) -> None:
    """Address and QR code, on stderr. The key is behind the #, which a browser sends to nobody."""
    import segno

    host = next(name for name in settings.allowed_hosts if name in addresses(settings.host))
    address = f"https://{host}:{port}/"
    print(f"glm4v: {address} is ready. Scan this with a phone, or open the address and type the key {secret}\n"
          "       The browser warns once that it does not know the certificate, which this machine made itself.",
          file=sys.stderr)  # fmt: skip
    segno.make(f"{address}#key={secret}", error="l").terminal(out=sys.stderr, compact=True)
    sys.stderr.flush()


def _holds(chain: Path) -> bool:
    """For another week at least."""
    week = str(7 * 24 * 3600)
    return _openssl("x509", "-checkend", week, "-noout", "-in", chain).returncode == 0


def _make(chain: Path, key: Path, names: tuple[str, ...]) -> None:
    alternatives = ",".join(f"{'IP' if _is_address(name) else 'DNS'}:{name}" for name in names)
    with tempfile.TemporaryDirectory(dir=chain.parent) as scratch:
        new_key, new_chain = Path(scratch, "key"), Path(scratch, "chain")
        new_key.touch(mode=0o600)
        done = _openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", _DAYS,
            "-subj", f"/CN={names[0]}", "-addext", f"subjectAltName={alternatives}", "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-addext", "extendedKeyUsage=serverAuth", "-keyout", new_key, "-out", new_chain,
        )  # fmt: skip
        if done.returncode:
            raise BadRequest(f"openssl made no certificate: {done.stderr.strip()[-300:]}")
        os.replace(new_key, key)
        os.replace(new_chain, chain)


def _openssl(*words) -> subprocess.CompletedProcess:
    program = shutil.which("openssl")
    if program is None:
        raise BadRequest("there is no openssl here, which makes the certificate: install it (apt install openssl)")
    return subprocess.run([program, *map(str, words)], capture_output=True, text=True)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
