-- KEYS[4..5]: tokens, last uses. ARGV: id, microseconds.
if redis.call('HEXISTS', KEYS[4], ARGV[1]) == 0 then
  return 0
end
local old = redis.call('HGET', KEYS[5], ARGV[1])
if not old or tonumber(old) < tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[5], ARGV[1], ARGV[2])
end
return 1
