-- KEYS[4]: the value. ARGV: mark, value, milliseconds to live. The mark before the
-- value tells whether this ran before.
if redis.call('SET', KEYS[4], ARGV[1] .. ARGV[2], 'NX', 'PX', ARGV[3]) then
  return 1
end
return string.sub(redis.call('GET', KEYS[4]), 1, #ARGV[1]) == ARGV[1] and 1 or 0
