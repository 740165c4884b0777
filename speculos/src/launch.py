"""Runs Speculos on two listening sockets that its parent made, and never outlives that parent.

Written into the folder of an instance and started there as `python -I launch.py VERSION ARGUMENTS...`. Left to itself
Speculos listens on every interface, moves to another port when its own is taken, answers no HTTP when that port is
taken, and lives on when its launcher is killed.

Standard input is a unix socket. Its first message carries the listening sockets, APDU then HTTP. Nothing else is ever
sent; its end tells that the parent is gone, however it went.
"""

import importlib.metadata
import logging
import os
import shutil
import signal
import socket
import sys
import threading

import speculos.main
from speculos.mcu.seproxyhal import SeProxyHal, SephTag

WANTED = sys.argv.pop(1)
FOUND = importlib.metadata.version("speculos")
if FOUND != WANTED:
    sys.exit(f"this is Speculos {FOUND}, made for {WANTED}: use an environment made by speculos::venv::ensure")

# A copy, because the emulator's child replaces descriptor 0 by its own.
PARENT = socket.socket(fileno=os.dup(0))
_, (APDU, HTTP), _, _ = socket.recv_fds(PARENT, 1, 2, socket.MSG_CMSG_CLOEXEC)


class InheritedServer(speculos.main.apdu_server.ApduServer):
    """The APDU server on a socket that listens already."""

    def __init__(self, **_):
        self.socket = socket.socket(fileno=APDU)
        self.logger = logging.getLogger("apdu")
        self.client = None


speculos.main.apdu_server.ApduServer = InheritedServer

# With these two the HTTP server takes over a socket, as it does when it restarts itself.
os.environ["WERKZEUG_RUN_MAIN"] = "true"
os.environ["WERKZEUG_SERVER_FD"] = str(HTTP)

fork_qemu = speculos.main.run_qemu


def run_qemu(*arguments):
    qemu = fork_qemu(*arguments)
    # Not before the fork: a process forked beside a running thread may hang.
    threading.Thread(target=follow_parent, args=(qemu,), daemon=True).start()
    return qemu


def follow_parent(qemu):
    try:
        while PARENT.recv(1):
            pass
    except OSError:
        pass
    # First what writes into the folder, then the folder, which nobody else is left to remove, then we.
    os.kill(qemu, signal.SIGKILL)
    shutil.rmtree(os.getcwd(), ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


speculos.main.run_qemu = run_qemu


def handle_button(self, button, pressed):
    # As an MCU reports: all that are down. Left to itself Speculos tells of the one alone that goes down, and at the end of
    # one that both are up.
    down = getattr(self, "down", 0)
    self.down = down | button if pressed else down & ~button
    self.socket_helper.queue_packet(SephTag.BUTTON_PUSH_EVENT, bytes([self.down << 1]))


SeProxyHal.handle_button = handle_button

if __name__ == "__main__":
    speculos.main.main(prog="speculos")
