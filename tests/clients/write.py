"""Writes through redis-py while the master changes: write.py GROUP SENTINEL_PORT...

Prints the port of the master when the first write is acknowledged, and ends with that of the next master when it has
acknowledged one. Any other failure than those that a client must expect of a master that is gone ends it.
"""
import sys
import time

from redis.exceptions import ConnectionError, ReadOnlyError, TimeoutError
from redis.sentinel import MasterNotFoundError, Sentinel

LIMIT_SECONDS = 60

group, ports = sys.argv[1], [int(p) for p in sys.argv[2:]]
sentinel = Sentinel([("127.0.0.1", p) for p in ports], socket_timeout=2)
master = sentinel.master_for(group, socket_timeout=2)
masters = []
last_error = None
end = time.monotonic() + LIMIT_SECONDS
while len(masters) < 2:
    if time.monotonic() > end:
        sys.exit(f"no second master within {LIMIT_SECONDS} seconds: {last_error!r}")
    try:
        port = int(master.config_get("port")["port"])
        master.set("written-by", "redis-py")
    except (ConnectionError, MasterNotFoundError, ReadOnlyError, TimeoutError) as error:
        last_error = error
        continue
    if port not in masters:
        masters.append(port)
        print(port, flush=True)
