-- KEYS[4…]: what to remove. ARGV: mark, channel, name in the log.
for i = 4, #KEYS do
  redis.call('DEL', KEYS[i])
end
change(ARGV[1], ARGV[2], ARGV[3])
local n = number(head(ARGV[1]))
return {1, n, pending(n)}
