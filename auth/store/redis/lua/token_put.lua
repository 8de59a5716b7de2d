-- KEYS[4..6]: tokens, marks of tokens, ids of the owner. ARGV: mark, id, record.
if redis.call('HSETNX', KEYS[4], ARGV[2], ARGV[3]) == 1 then
  redis.call('HSET', KEYS[5], ARGV[2], ARGV[1])
  redis.call('SADD', KEYS[6], ARGV[2])
  return 1
end
return redis.call('HGET', KEYS[5], ARGV[2]) == ARGV[1] and 1 or 0
