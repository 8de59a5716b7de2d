-- KEYS[4…]: the session, what lists it. ARGV: mark, id, record, version,
-- milliseconds to live, the time in milliseconds.
if redis.call('EXISTS', KEYS[4]) == 1 then
  return redis.call('HGET', KEYS[4], 'mark') == ARGV[1] and 1 or 0
end
write(ARGV[2], ARGV[1], ARGV[3], ARGV[4], ARGV[5], ARGV[6])
return 1
