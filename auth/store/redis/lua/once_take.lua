-- KEYS[4]: the value. ARGV: a mark, for its length.
local value = redis.call('GET', KEYS[4])
if not value then
  return false
end
redis.call('DEL', KEYS[4])
return string.sub(value, #ARGV[1] + 1)
