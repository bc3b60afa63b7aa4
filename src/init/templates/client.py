# In application/
from redis.sentinel import Sentinel

{{TLS}}def password(of):
    return open(f"{of}.password").read().strip()

sentinel = Sentinel(
    [{{SENTINELS}}],
    sentinel_kwargs={"username": "discovery", "password": password("sentinel"), "socket_timeout": 2{{AND_TLS}}},
    username="application", password=password("data"), socket_timeout=2{{AND_TLS}},
)
master = sentinel.master_for("{{GROUP}}")
master.set("greeting", "hello")
print(master.get("greeting"))
