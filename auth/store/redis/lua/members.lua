-- KEYS[4]: a set.
return redis.call('SMEMBERS', KEYS[4])
