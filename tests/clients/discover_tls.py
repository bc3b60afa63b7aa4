"""As discover.py, over TLS and with users: discover_tls.py GROUP DIR AUTHORITY USER PASSWORD SENTINEL_PORT...

DIR has the client's certificate, AUTHORITY is who the servers' certificates are checked against. USER and PASSWORD are those
of the sentinels.
"""
import sys

from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

group, directory, authority, user, password = sys.argv[1:6]
ports = [int(p) for p in sys.argv[6:]]
tls = {
    "ssl": True,
    "ssl_ca_certs": authority,
    "ssl_certfile": f"{directory}/member.crt",
    "ssl_keyfile": f"{directory}/member.key",
    # The certificates of the test name no host.
    "ssl_check_hostname": False,
    "socket_timeout": 2,
    # What is refused is refused: trying again only takes longer.
    "retry": Retry(NoBackoff(), 0),
}
to_sentinels = {**tls, "username": user, "password": password}
sentinel = Sentinel([("127.0.0.1", p) for p in ports], sentinel_kwargs=to_sentinels)
for told in sentinel.sentinels:
    told.ping()
host, port = sentinel.discover_master(group)
sentinel.master_for(group, password="data", **tls).set("seen-by", "redis-py")
print(port)
