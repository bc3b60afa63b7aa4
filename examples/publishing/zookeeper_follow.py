#!/usr/bin/env python3
"""Follows the master of a group in ZooKeeper, with kazoo: zookeeper_follow.py 127.0.0.1:2181 mymaster [/bongsu]"""
import queue
import sys

from kazoo.client import KazooClient
from kazoo.retry import KazooRetry

from follow import Follower

# Whoever hears of no change for so long looks nevertheless.
SILENCE_S = 30


def main(hosts, group, prefix="/bongsu"):
    retry = KazooRetry(max_tries=-1, max_delay=1)
    client = KazooClient(hosts, connection_retry=retry, command_retry=retry)
    client.start(timeout=60)
    changes = queue.Queue()
    path = f"{prefix}/{group}"

    # A watch is for one change. This begins another after each, and after each new session, and reads again.
    @client.DataWatch(path)
    def changed(_data, _stat):
        changes.put(None)

    follower = Follower(group)
    while True:
        try:
            changes.get(timeout=SILENCE_S)
        except queue.Empty:
            pass
        # The server that we are with may be behind.
        client.retry(client.sync, path)
        if client.retry(client.exists, path):
            follower.take(client.retry(client.get, path)[0])


main(*sys.argv[1:])
