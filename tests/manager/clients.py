# SPDX-License-Identifier: MIT
"""What python's redis package does with a manager: clients.py URL.  It says "fine" in the end."""
import sys
import threading

import redis

URL = sys.argv[1]


def open_client():
    return redis.Redis.from_url(URL, decode_responses=True, socket_timeout=30)


def check_pool(client):
    """One connection to a thread, all of the client's pool."""

    def count():
        for _ in range(100):
            client.incr("pool:count")

    threads = [threading.Thread(target=count) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.get("pool:count") == "500"


def check_strings(client):
    assert client.set("text", "one", nx=True) is True
    assert client.set("text", "two", nx=True) is None
    assert client.set("text", "two", get=True) == "one"
    assert client.getset("text", "three") == "two"
    assert client.append("text", "!") == 6
    assert client.getrange("text", 0, 1) == "th"
    assert client.setrange("text", 0, "T") == 6
    assert client.mset({"text:1": 1, "text:2": 2}) is True
    assert client.mget("text:1", "text:2", "text:3") == ["1", "2", None]
    assert client.incrbyfloat("text:1", 1.5) == 2.5
    assert client.getdel("text") == "Three!"
    assert client.exists("text", "text:1", "text:2") == 2
    assert client.delete("text:1", "text:2") == 2


def check_expiry(client):
    assert client.setex("short", 100, "x") is True
    assert 99 <= client.ttl("short") <= 100
    assert client.expire("short", 50) is True
    assert 0 < client.pttl("short") <= 50000
    assert client.persist("short") is True
    assert client.ttl("short") == -1
    assert client.pexpire("short", 1) is True
    while client.exists("short"):
        pass


def check_hashes(client):
    assert client.hset("hash", mapping={"a": 1, "b": 2, "c": "three"}) == 3
    assert client.hincrby("hash", "a", 3) == 4
    assert client.hincrbyfloat("hash", "b", 0.5) == 2.5
    assert client.hgetall("hash") == {"a": "4", "b": "2.5", "c": "three"}
    assert client.hmget("hash", "a", "z") == ["4", None]
    assert client.hsetnx("hash", "a", 1) == 0
    assert client.hdel("hash", "c", "z") == 1
    assert client.hexists("hash", "b") is True
    assert sorted(client.hkeys("hash")) == ["a", "b"]
    assert client.hlen("hash") == 2
    assert dict(client.hscan_iter("hash")) == {"a": "4", "b": "2.5"}


def check_lists(client):
    assert client.rpush("items", "a", "b", "c", "d") == 4
    assert client.lpush("items", "z") == 5
    assert client.lrange("items", 0, -1) == ["z", "a", "b", "c", "d"]
    assert client.lindex("items", -1) == "d"
    assert client.linsert("items", "before", "b", "x") == 6
    assert client.lset("items", 0, "y") is True
    assert client.lrem("items", 1, "x") == 1
    assert client.lpop("items", 2) == ["y", "a"]
    assert client.lmove("items", "moved", "LEFT", "RIGHT") == "b"
    assert client.ltrim("items", 0, 0) is True
    assert client.rpop("items") == "c"
    assert client.rpop("items") is None


def check_sets(client):
    assert client.sadd("set", "a", "b", "c") == 3
    assert client.sadd("other set", "b", "c", "d") == 3
    assert client.sinter("set", "other set") == {"b", "c"}
    assert client.sunion("set", "other set") == {"a", "b", "c", "d"}
    assert client.sdiff("set", "other set") == {"a"}
    assert client.sismember("set", "a") in (1, True)
    assert client.srem("set", "a") == 1
    assert client.smembers("set") == {"b", "c"}
    assert set(client.sscan_iter("set")) == {"b", "c"}
    assert client.spop("set") in ("b", "c")
    assert client.scard("set") == 1


def check_sorted_sets(client):
    assert client.zadd("sorted", {"a": 1, "b": 2.5, "c": 3}) == 3
    assert client.zincrby("sorted", 10, "a") == 11
    assert client.zrange("sorted", 0, -1, withscores=True) == [("b", 2.5), ("c", 3.0), ("a", 11.0)]
    assert client.zrangebyscore("sorted", "(2.5", "+inf") == ["c", "a"]
    assert client.zrank("sorted", "a") == 2
    assert client.zscore("sorted", "z") is None
    assert client.zcount("sorted", 0, 3) == 2
    assert client.zpopmin("sorted") == [("b", 2.5)]
    assert dict(client.zscan_iter("sorted")) == {"c": 3.0, "a": 11.0}
    assert client.zrem("sorted", "a", "c") == 2


def check_pipeline(client):
    with client.pipeline() as pipe:
        pipe.set("pipe", 1)
        pipe.incr("pipe")
        pipe.rpush("pipe:list", "x", "y")
        pipe.get("pipe")
        assert pipe.execute() == [True, 2, 2, "2"]
        pipe.lpush("pipe", "x")
        pipe.incr("pipe")
        replies = pipe.execute(raise_on_error=False)
        assert isinstance(replies[0], redis.ResponseError)
        assert replies[1] == 3
    with client.pipeline(transaction=False) as pipe:
        for _ in range(1000):
            pipe.incr("pipe")
        assert pipe.execute()[-1] == 1003


def check_watch(client):
    other = open_client()
    with client.pipeline() as pipe:
        pipe.watch("pipe")
        other.set("pipe", 7)
        pipe.multi()
        pipe.incr("pipe")
        try:
            pipe.execute()
        except redis.WatchError:
            pass
        else:
            raise AssertionError("the other's change was not noticed")
    assert client.get("pipe") == "7"
    assert client.transaction(lambda pipe: (pipe.multi(), pipe.incr("pipe")), "pipe") == [8]
    other.close()


def check_channels(client):
    with client.pubsub(ignore_subscribe_messages=False) as listener:
        listener.subscribe("news")
        listener.psubscribe("n*")
        assert listener.get_message(timeout=30)["type"] == "subscribe"
        assert listener.get_message(timeout=30)["type"] == "psubscribe"
        assert client.pubsub_numsub("news") == [("news", 1)]
        assert client.publish("news", "hello") == 2
        assert client.publish("nothing", "hush") == 1
        messages = [listener.get_message(timeout=30) for _ in range(3)]
        assert [one["type"] for one in messages] == ["message", "pmessage", "pmessage"]
        assert [one["data"] for one in messages] == ["hello", "hello", "hush"]
        listener.unsubscribe()
        listener.punsubscribe()


def check_waiting(client):
    other = open_client()
    thread = threading.Thread(target=lambda: await_blocked(other) or other.rpush("waited", "x"))
    thread.start()
    assert client.blpop(["nothing", "waited"], 30) == ("waited", "x")
    thread.join()
    assert client.brpop("waited", 0.01) is None
    other.close()


def await_blocked(client):
    while client.info("clients")["blocked_clients"] == 0:
        pass


def check_scan(client):
    with client.pipeline(transaction=False) as pipe:
        for number in range(1000):
            pipe.set(f"scan:{number}", number)
        pipe.execute()
    assert set(client.scan_iter("scan:*", count=100)) == {f"scan:{number}" for number in range(1000)}
    assert client.delete(*client.keys("scan:*")) == 1000
    assert set(client.scan_iter(_type="zset")) == set()


def check_server(client):
    assert client.ping() is True
    assert client.info()["mproc_version"]
    assert client.client_setname("me") is True
    assert client.config_get("maxmemory") == {"maxmemory": "0"}
    assert client.type("hash") == "hash"
    assert client.object("encoding", "pipe")
    assert len(client.time()) == 2
    assert client.dbsize() > 0
    assert client.rename("hash", "renamed") is True


def expect_error(kind, text, function):
    try:
        function()
    except kind as error:
        assert text in str(error), error
    else:
        raise AssertionError(f"{text}: no error")


def check_errors(client):
    expect_error(redis.ResponseError, "unknown command", lambda: client.execute_command("NOSUCH"))
    expect_error(redis.ResponseError, "WRONGTYPE", lambda: client.lpush("pipe", "x"))
    client.set("word", "x")
    expect_error(redis.ResponseError, "not an integer", lambda: client.incr("word"))


def check_lock(client):
    """The package's lock is given back by a script, which no manager runs; so it takes a function."""
    lock = client.lock("lock", timeout=30)
    assert lock.acquire(blocking=False) is True
    assert lock.owned() is True
    assert client.lock("lock", timeout=30).acquire(blocking=False) is False
    expect_error(redis.ResponseError, "mproc_compare_and_delete", lock.release)
    token = client.get("lock")
    assert client.execute_command("FCALL", "mproc_compare_and_delete", 1, "lock", "other") == 0
    assert client.execute_command("FCALL", "mproc_compare_and_delete", 1, "lock", token) == 1
    assert lock.owned() is False


def check_shown(client):
    """What the family shows."""
    assert client.get("value") == "hello"
    assert client.set("value", "world") is True
    expect_error(redis.ResponseError, "5 bytes", lambda: client.set("value", "too long"))
    before = int(client.get("number"))
    assert client.incrby("number", 5) == before + 5
    assert client.hincrby("words", "python", 1) >= 1
    assert client.hgetall("words")["the"] == "2"
    assert client.rpush("list", "a", "b") == 2
    assert client.lrange("list", 0, -1) == ["a", "b"]
    assert client.blpop("list", 1) == ("list", "a")
    assert client.lpop("list") == "b"
    assert client.rpush("queue", "message") == 1
    assert client.llen("queue") == 1
    assert client.blpop("queue", 30) == ("queue", "message")
    assert client.blpop("queue", 0.01) is None
    with client.pipeline() as pipe:
        pipe.incr("number")
        pipe.hget("words", "the")
        assert pipe.execute() == [before + 6, "2"]
    with client.pubsub(ignore_subscribe_messages=True) as listener:
        listener.subscribe("mproc:flag:event")
        listener.get_message(timeout=30)
        assert client.set("event", 1) is True
        assert listener.get_message(timeout=30)["data"] == "1"
        assert client.set("event", 0) is True
        assert listener.get_message(timeout=30)["data"] == "0"


CHECKS = [
    check_pool,
    check_strings,
    check_expiry,
    check_hashes,
    check_lists,
    check_sets,
    check_sorted_sets,
    check_pipeline,
    check_watch,
    check_channels,
    check_waiting,
    check_scan,
    check_server,
    check_errors,
    check_lock,
    check_shown,
]


def main():
    client = open_client()
    for check in CHECKS:
        check(client)
    client.close()
    print("fine")


main()
