"""An SFTP server on this machine, for a DVC remote that is reached over a network protocol."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh


@dataclass(frozen=True)
class Server:
    """Address and key of a running SFTP server.

    Args:
        url: URL of the folder that it serves.
        key: Path of the private key that it accepts.
    """

    url: str
    key: Path


class _Users(asyncssh.SSHServer):
    """Login with public keys only, which asyncssh compares with the file of authorised keys."""

    def password_auth_supported(self) -> bool:
        return False


@contextmanager
def sftp_server(folder: Path, *, secrets: Path) -> Iterator[Server]:
    """Serve ``folder`` over SFTP on a free port of 127.0.0.1, for one new key pair, which is stored in ``secrets``."""
    folder.mkdir(parents=True, exist_ok=True)
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(secrets / "id")
    key.write_public_key(secrets / "id.pub")
    loop = asyncio.new_event_loop()

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=_Users,
            server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
            authorized_client_keys=str(secrets / "id.pub"),
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(folder).encode()),
        )

    acceptor = loop.run_until_complete(listen())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield Server(f"ssh://someone@127.0.0.1:{acceptor.get_port()}/cache", secrets / "id")
    finally:
        acceptor.close()
        asyncio.run_coroutine_threadsafe(acceptor.wait_closed(), loop).result(timeout=30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=30)
        loop.close()
