#!/usr/bin/env python3
"""Wall time of whole processes that ask one node how it is: `bongsu healthcheck check` beside `redis-cli PING`.

Starts a redis-server of its own, runs the commands in turn, and prints median and 99th percentile of each in milliseconds.

    benches/healthcheck_start.py target/release/bongsu [RUNS]
"""

import socket
import subprocess
import sys
import tempfile
import time

program = sys.argv[1]
runs = int(sys.argv[2]) if len(sys.argv) > 2 else 200

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = str(probe.getsockname()[1])
commands = {
    "bongsu healthcheck check": [program, "healthcheck", "check", f"127.0.0.1:{port}"],
    "the same with --write-probe": [program, "healthcheck", "check", f"127.0.0.1:{port}", "--write-probe", "probe"],
    "redis-cli PING": ["redis-cli", "-p", port, "PING"],
    "true, which does nothing": ["true"],
}
with tempfile.TemporaryDirectory() as home:
    server = subprocess.Popen(
        ["redis-server", "--port", port, "--save", "", "--dir", home], stdout=subprocess.DEVNULL
    )
    try:
        while subprocess.run(["redis-cli", "-p", port, "PING"], capture_output=True).stdout != b"PONG\n":
            pass
        times = {name: [] for name in commands}
        for _ in range(runs):
            for name, command in commands.items():
                start = time.perf_counter()
                subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
                times[name].append((time.perf_counter() - start) * 1000)
    finally:
        server.terminate()
        server.wait()
for name, taken in times.items():
    taken.sort()
    print(f"{name:30} median {taken[runs // 2]:6.2f} ms   p99 {taken[runs * 99 // 100]:6.2f} ms")
