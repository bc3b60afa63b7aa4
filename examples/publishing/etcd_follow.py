#!/usr/bin/env python3
"""Follows the master of a group in etcd: etcd_follow.py http://127.0.0.1:2379 mymaster [/bongsu]"""
import base64
import http.client
import json
import sys
import time
import urllib.request

from follow import Follower

# A watch that hears nothing for so long is begun again: the connection may be dead without having been closed.
SILENCE_S = 30


def ask(url, path, body):
    request = urllib.request.Request(url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return urllib.request.urlopen(request, timeout=SILENCE_S)


def follow(url, key, follower):
    key = base64.b64encode(key.encode()).decode()
    # Read as a majority knows it, then everything that came after.
    with ask(url, "/v3/kv/range", {"key": key}) as answer:
        found = json.load(answer)
    for pair in found.get("kvs", []):
        follower.take(base64.b64decode(pair["value"]))
    start = int(found["header"]["revision"]) + 1
    with ask(url, "/v3/watch", {"create_request": {"key": key, "start_revision": str(start)}}) as stream:
        for line in stream:
            message = json.loads(line)
            if "error" in message or message["result"].get("canceled"):
                return  # compacted, for example: read again
            for event in message["result"].get("events", []):
                if event.get("type", "PUT") == "PUT":
                    follower.take(base64.b64decode(event["kv"]["value"]))


def main(url, group, prefix="/bongsu"):
    follower = Follower(group)
    while True:
        try:
            follow(url, f"{prefix}/{group}", follower)
        except (OSError, http.client.HTTPException, ValueError) as error:
            print(f"{url}: {error}", file=sys.stderr)
        time.sleep(0.2)


main(*sys.argv[1:])
