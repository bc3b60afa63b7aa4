"""What every consumer of a record does, wherever it has read it.

A record says where the master was told to be under an epoch. Two things are left to its reader: never to go back to an older epoch,
and to ask the node for its role before writing to it.
"""
import json
import socket
import time


def role(host, port, timeout_s=2):
    """The role that a node says it has: "master", "slave", or an error."""
    with socket.create_connection((host, port), timeout=timeout_s) as connection:
        connection.sendall(b"*1\r\n$4\r\nROLE\r\n")
        lines = connection.makefile("rb")
        first = lines.readline(1024)
        if not first.startswith(b"*"):
            return first.decode(errors="replace").strip()  # -NOAUTH: a user is needed
        lines.readline(1024)
        return lines.readline(1024).decode(errors="replace").strip()


class Follower:
    """Takes what was read, as often as it was read."""

    def __init__(self, group):
        self.group = group
        self.epoch = -1

    def take(self, text):
        """A value of the key: bytes, or None where there is no key. Without a key the last master known is kept."""
        if text is None:
            return
        record = json.loads(text)
        if record["group"] != self.group or record["epoch"] <= self.epoch:
            return
        self.epoch = record["epoch"]
        primary = record["primary"]
        self.tell(primary.get("ip") or primary["host"], primary["port"])

    def tell(self, host, port):
        """Put here what is to be done with a new master."""
        for _ in range(10):
            try:
                said = role(host, port)
            except OSError as error:
                said = str(error)
            if said == "master":
                break
            time.sleep(0.2)  # it may just be starting; the next record may say otherwise
        print(f"{self.group} epoch={self.epoch} {host}:{port} {said}", flush=True)
