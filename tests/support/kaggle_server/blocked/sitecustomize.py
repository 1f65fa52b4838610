"""Without a network namespace: a Python that finds no network but its own machine's sockets."""

import errno
import socket
from typing import Any, NoReturn


class _Socket(socket.socket):
    def connect(self, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            _unreachable()
        super().connect(address)

    def connect_ex(self, address: Any) -> int:
        return super().connect_ex(address) if self.family == socket.AF_UNIX else errno.ENETUNREACH


def _unreachable() -> NoReturn:
    raise OSError(errno.ENETUNREACH, "Network is unreachable")


def _unresolved(*_: Any, **__: Any) -> NoReturn:
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


socket.socket = _Socket  # type: ignore[misc]
socket.getaddrinfo = _unresolved
