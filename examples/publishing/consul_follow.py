#!/usr/bin/env python3
"""Follows the master of a group in Consul: consul_follow.py http://127.0.0.1:8500 mymaster [bongsu]"""
import http.client
import sys
import time
import urllib.error
import urllib.request

from follow import Follower

# How long Consul may hold a question for want of a change, and how much longer its answer may take.
WAIT_S = 30
SPARE_S = 10


def ask(url, key, index):
    """The value of a key, which is None if there is none, and its index."""
    question = f"{url}/v1/kv/{key}?raw&consistent&wait={WAIT_S}s&index={index}"
    try:
        with urllib.request.urlopen(question, timeout=WAIT_S + SPARE_S) as answer:
            return answer.read(), int(answer.headers["X-Consul-Index"])
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return None, int(error.headers["X-Consul-Index"])


def main(url, group, prefix="bongsu"):
    follower = Follower(group)
    index = 0
    while True:
        try:
            value, answered = ask(url, f"{prefix}/{group}", index)
            follower.take(value)
            # An index that goes back is from a store that was made anew.
            index = answered if answered >= index else 0
        except (OSError, http.client.HTTPException) as error:
            print(f"{url}: {error}", file=sys.stderr)
            index = 0
            time.sleep(0.2)


main(*sys.argv[1:])
