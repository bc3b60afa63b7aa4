#!/usr/bin/env python3
"""Find the master of a group through its sentinels, write to it, and read from a replica.

usage: discover.py --sentinels HOST:PORT[,HOST:PORT...] --group NAME
The client (pip install redis) asks the sentinels again after every lost connection, so a failover needs no code here
beyond trying again.
"""
import argparse
import time

from redis.exceptions import RedisError
from redis.sentinel import Sentinel

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--sentinels", required=True)
parser.add_argument("--group", required=True)
parser.add_argument("--writes", type=int, default=5, help="how many writes, one a second")
args = parser.parse_args()

addresses = [(host, int(port)) for host, port in (address.rsplit(":", 1) for address in args.sentinels.split(","))]
# Short limits: a sentinel or node that does not answer is passed over, the next one asked.
sentinel = Sentinel(addresses, socket_timeout=0.5)
master = sentinel.master_for(args.group, socket_timeout=1.0)
replica = sentinel.slave_for(args.group, socket_timeout=1.0)

for number in range(args.writes):
    try:
        master.set("example", number)
        host, port = sentinel.discover_master(args.group)
        print(f"wrote {number} to the master {host}:{port}; a replica says {replica.get('example')}", flush=True)
    except RedisError as error:
        print(f"not now: {error}", flush=True)
    if number + 1 < args.writes:
        time.sleep(1)
