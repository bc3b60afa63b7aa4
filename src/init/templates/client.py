# In application/
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

{{TLS}}def password(of):
    return open(f"{of}.password").read().strip()

sentinel = Sentinel(
    [{{SENTINELS}}],
    sentinel_kwargs={"username": "discovery", "password": password("sentinel"), "socket_timeout": 1,
                     # If one does not answer, the next one is asked.
                     "retry": Retry(NoBackoff(), 0){{AND_TLS}}},
    username="application", password=password("data"), socket_timeout=2{{AND_TLS}},
)
master = sentinel.master_for("{{GROUP}}")
master.set("greeting", "hello")
print(master.get("greeting"))
