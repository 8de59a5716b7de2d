-- KEYS[4..5]: tokens, earlier ends. ARGV: mark, channel, name in the log, id,
-- microseconds. Answers as token_delete does. Whether the record itself ends
-- earlier shows when it is read.
local id, there = ARGV[4], redis.call('HEXISTS', KEYS[4], ARGV[4])
if there == 1 then
  local old = redis.call('HGET', KEYS[5], id)
  if not old or tonumber(ARGV[5]) < tonumber(old) then
    redis.call('HSET', KEYS[5], id, ARGV[5])
    change(ARGV[1], ARGV[2], ARGV[3])
  end
end
local n = number(head(ARGV[1]))
return {there, n, pending(n)}
