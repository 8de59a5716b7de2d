-- KEYS[4..8]: tokens, last uses, earlier ends, marks of tokens, ids of the owner.
-- ARGV: mark, channel, name in the log, id. Answers whether this deleted it, the
-- number of the last change, and what is pending, also when there was nothing to
-- delete: another Delete may be waiting still.
local id, done = ARGV[4], redis.call('HDEL', KEYS[4], ARGV[4])
if done == 1 then
  for i = 5, 7 do
    redis.call('HDEL', KEYS[i], id)
  end
  redis.call('SREM', KEYS[8], id)
  change(ARGV[1], ARGV[2], ARGV[3])
elseif changed(ARGV[1]) then
  done = 1
end
local n = number(head(ARGV[1]))
return {done, n, pending(n)}
