-- KEYS[4…]: the session, what lists it. ARGV: mark, channel, name in the log,
-- id. Answers as token_delete does.
local done = redis.call('DEL', KEYS[4])
for i = 5, #KEYS do
  redis.call('ZREM', KEYS[i], ARGV[4])
end
if done == 1 then
  change(ARGV[1], ARGV[2], ARGV[3])
elseif changed(ARGV[1]) then
  done = 1
end
local n = number(head(ARGV[1]))
return {done, n, pending(n)}
