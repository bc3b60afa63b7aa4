//! The syntax of `redis.conf` and `sentinel.conf`: words, quoting, and a document that can be rewritten in place.
