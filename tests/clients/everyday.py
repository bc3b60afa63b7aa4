"""What programs do with redis-py all day: everyday.py PORT PROTOCOL. Prints ok."""
import sys
import threading

import redis

port, protocol = int(sys.argv[1]), int(sys.argv[2])
MORE = {"protocol": protocol} if int(redis.__version__.split(".")[0]) >= 5 else {}


def connect(**options):
    return redis.Redis(port=port, decode_responses=True, socket_timeout=30, **MORE, **options)


client = connect()
client.flushall()
assert client.set("k", "v", ex=100, get=True) is None
assert client.get("k") == "v" and 0 < client.ttl("k") <= 100
client.zadd("z", {"a": 1, "b": 2.5})
assert [(m, float(s)) for m, s in client.zrange("z", 0, -1, withscores=True)] == [("a", 1.0), ("b", 2.5)]
client.hset("h", mapping={"f": "1", "g": "2"})
assert client.hgetall("h") == {"f": "1", "g": "2"}
client.sadd("s", *range(1000))
assert len(set(client.sscan_iter("s", count=50))) == 1000
assert set(client.scan_iter()) == {"k", "z", "h", "s"}
client.geoadd("geo", (13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"))
assert abs(client.geodist("geo", "Palermo", "Catania", "km") - 166.2742) < 0.001

with client.pipeline(transaction=False) as pipeline:
    for n in range(3000):
        pipeline.incr("n")
    assert pipeline.execute() == list(range(1, 3001))

with client.pipeline() as pipeline:
    pipeline.watch("n")
    connect().set("n", 1)
    pipeline.multi()
    pipeline.incr("n")
    try:
        pipeline.execute()
        sys.exit("a spoilt transaction was done")
    except redis.WatchError:
        pass
assert client.transaction(lambda p: (p.multi(), p.incr("n")), "n") == [2]

listener = connect().pubsub(ignore_subscribe_messages=True)
listener.subscribe("news")
listener.psubscribe("__keyspace@0__:watched")
listener.get_message(timeout=10)
listener.get_message(timeout=10)
assert client.publish("news", "hello") == 1
client.set("watched", "1")
heard = []
while len(heard) < 2:
    message = listener.get_message(timeout=10)
    if message:
        heard.append((message["channel"], message["data"]))
assert heard == [("news", "hello"), ("__keyspace@0__:watched", "set")], heard

popped = []
waiting = threading.Thread(target=lambda: popped.append(connect().blpop(["list"], timeout=20)))
waiting.start()
while client.info("clients")["blocked_clients"] == 0:
    pass
client.rpush("list", "x")
waiting.join()
assert [tuple(pair) for pair in popped] == [("list", "x")], popped

assert client.config_get("maxmemory") == {"maxmemory": "0"}
assert client.client_list()[0]["addr"].startswith("127.0.0.1:")
assert client.command_count() > 200 and "get" in client.command()
assert client.memory_usage("k") > 0 and client.object("encoding", "n") == "int"
assert client.acl_whoami() == "default" and client.slowlog_get() is not None
for wrong in (("lpush", "k", "x"), ("get",), ("nonsense",)):
    try:
        client.execute_command(*wrong)
        sys.exit(f"{wrong} is answered")
    except redis.ResponseError:
        pass
print("ok")
