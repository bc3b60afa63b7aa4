"""What a host on the same switch sees of an address that moves: one JSON object per line.

observer.py VIP4 VIP6 PORT NAMESPACES SENTINELS, the last two separated by commas. Times are those of CLOCK_BOOTTIME in milliseconds.
"""

import ctypes
import json
import os
import socket
import struct
import sys
import threading
import time

VIP4, VIP6, PORT = sys.argv[1], sys.argv[2], int(sys.argv[3])
NAMESPACES, SENTINELS = sys.argv[4].split(","), sys.argv[5].split(",")
INTERFACE = "eth0"
lock = threading.Lock()


def now():
    return time.clock_gettime(time.CLOCK_BOOTTIME) * 1000


def tell(kind, **fields):
    with lock:
        print(json.dumps({"t": now(), "kind": kind, **fields}), flush=True)


def text(mac):
    return ":".join(f"{byte:02x}" for byte in mac)


def watch_arp():
    """Asks every 20 ms who has the address, and tells who answers and who announces."""
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
    s.bind((INTERFACE, 0x0806))
    mine = s.getsockname()[4]
    vip = socket.inet_aton(VIP4)
    own = socket.inet_aton(OWN)
    ask = b"\xff" * 6 + mine + b"\x08\x06" + b"\x00\x01\x08\x00\x06\x04\x00\x01" + mine + own + b"\0" * 6 + vip
    owner = "nobody yet"
    while True:
        s.send(ask.ljust(60, b"\0"))
        answered, end = set(), time.monotonic() + 0.02
        while (left := end - time.monotonic()) > 0:
            s.settimeout(left)
            try:
                frame = s.recv(2048)
            except TimeoutError:
                break
            sender, ip, target = frame[22:28], frame[28:32], frame[38:42]
            if ip != vip or sender == mine:
                continue
            if target == vip:
                tell("garp", op=frame[21], mac=text(sender), to=text(frame[0:6]))
            elif frame[21] == 2:
                answered.add(text(sender))
        if len(answered) > 1:
            tell("two-answer", macs=sorted(answered))
        answer = min(answered, default=None)
        if answer != owner:
            owner = answer
            tell("answers", mac=owner)


def watch_neighbours():
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x86DD))
    s.bind((INTERFACE, 0x86DD))
    vip = socket.inet_pton(socket.AF_INET6, VIP6)
    everybody = socket.inet_pton(socket.AF_INET6, "ff02::1")
    while True:
        frame = s.recv(2048)
        message = frame[54:]
        if frame[20] == 58 and message[:1] == b"\x88" and message[8:24] == vip and frame[38:54] == everybody:
            length = len(message).to_bytes(4, "big")
            words = frame[22:54] + length + b"\0\0\0\x3a" + message
            total = sum(struct.unpack(f">{len(words) // 2}H", words))
            while total >> 16:
                total = (total & 0xFFFF) + (total >> 16)
            tell("na", mac=text(frame[6:12]), hops=frame[21], override=bool(message[4] & 0x20), sound=total == 0xFFFF)


def netlink_of(name):
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{name}", os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.setns(there, 0) == 0
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    assert libc.setns(home, 0) == 0
    os.close(home)
    os.close(there)
    s.settimeout(5)
    return s


def has(s):
    s.send(struct.pack("=IHHII", 24, 22, 0x301, 1, 0) + b"\0" * 8)
    wanted = {socket.inet_aton(VIP4), socket.inet_pton(socket.AF_INET6, VIP6)}
    while True:
        data = s.recv(65536)
        while data:
            length, kind = struct.unpack("=IH", data[:6])
            if kind == 3:
                return len(wanted) < 2
            body = data[24:length]
            while len(body) >= 4:
                size, attribute = struct.unpack("=HH", body[:4])
                if attribute == 1 and body[4:size] in wanted:
                    wanted = wanted - {body[4:size]}
                body = body[(size + 3) & ~3 :]
            data = data[(length + 3) & ~3 :]


def watch_addresses():
    """Looks every 10 ms whose kernel has one of the addresses. Looks are not at the same moment: two have it if one has it before and
    after the other."""
    sockets = [netlink_of(name) for name in NAMESPACES]
    known = None
    while True:
        looks = [has(s) for s in sockets * 2]
        n = len(sockets)
        for i in range(n):
            for j in range(n):
                # The first look at a host after the first at another, or its second before the second at the other.
                between = looks[j] if j > i else looks[n + j]
                if i != j and looks[i] and looks[n + i] and between:
                    tell("two-held", hosts=[i, j])
        held = [i for i in range(n) if looks[i] and looks[n + i]]
        if held != known:
            known = held
            tell("held", hosts=held)
        time.sleep(0.01)


def watch_sentinel(ip):
    while True:
        try:
            with socket.create_connection((ip, 26379), timeout=2) as s:
                s.settimeout(None)
                s.sendall(b"PSUBSCRIBE *\r\n")
                lines = s.makefile("rb")
                while line := lines.readline():
                    if line.strip() == b"pmessage":
                        parts = [lines.readline().strip().decode() for _ in range(6)]
                        tell("event", by=ip, name=parts[3], payload=parts[5])
        except OSError:
            pass
        time.sleep(0.2)


def watch_service():
    """A client that knows only the address. Tells which node takes its writes, whenever that is another one."""
    served_by = "nobody yet"
    n = 0
    while True:
        n += 1
        by = None
        try:
            with socket.create_connection((VIP4, PORT), timeout=0.1) as s:
                s.settimeout(0.1)
                s.sendall(f"CONFIG GET replica-announce-ip\r\nSET seen {n}\r\n".encode())
                lines = s.makefile("rb")
                told = [lines.readline().strip() for _ in range(6)]
                if told[5] == b"+OK":
                    by = told[4].decode()
        except OSError:
            pass
        if by != served_by:
            served_by = by
            tell("served", by=by)
        time.sleep(0.01)


with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
    probe.connect((SENTINELS[0], 9))
    OWN = probe.getsockname()[0]
watches = [(watch_arp,), (watch_neighbours,), (watch_addresses,), (watch_service,)]
watches += [(watch_sentinel, ip) for ip in SENTINELS]
for watch, *arguments in watches:
    threading.Thread(target=watch, args=arguments, daemon=True).start()
tell("ready")
# The test ends it.
threading.Event().wait()
