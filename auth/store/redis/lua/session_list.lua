-- KEYS[4]: a list of sessions.
return redis.call('ZRANGE', KEYS[4], 0, -1)
