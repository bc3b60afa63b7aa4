"""Prints the port of a group's master as redis-py discovers it: discover.py GROUP SENTINEL_PORT..."""
import sys

from redis.sentinel import Sentinel

group, ports = sys.argv[1], [int(p) for p in sys.argv[2:]]
sentinel = Sentinel([("127.0.0.1", p) for p in ports], socket_timeout=2)
host, port = sentinel.discover_master(group)
sentinel.master_for(group, socket_timeout=2).set("seen-by", "redis-py")
print(port)
