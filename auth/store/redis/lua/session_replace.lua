-- KEYS[4…]: the session, what lists it. ARGV: mark, channel, name in the log,
-- id, the version to be replaced, record, version, milliseconds to live, the time in
-- milliseconds. Answers 1 if it did so, 2 if another version is there, and the rest as token_delete does.
local done = 0
if redis.call('EXISTS', KEYS[4]) == 1 then
  if redis.call('HGET', KEYS[4], 'version') == ARGV[5] then
    write(ARGV[4], ARGV[1], ARGV[6], ARGV[7], ARGV[8], ARGV[9])
    change(ARGV[1], ARGV[2], ARGV[3])
    done = 1
  else
    done = redis.call('HGET', KEYS[4], 'mark') == ARGV[1] and 1 or 2
  end
end
local n = number(head(ARGV[1]))
return {done, n, pending(n)}
