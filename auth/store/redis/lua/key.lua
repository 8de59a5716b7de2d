-- KEYS[4]: keys. ARGV: name, a new key.
redis.call('HSETNX', KEYS[4], ARGV[1], ARGV[2])
return redis.call('HGET', KEYS[4], ARGV[1])
