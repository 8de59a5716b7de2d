-- Begins the scripts that write a session: KEYS[4] is a hash of mark, record and
-- version, and KEYS[5…] list it, by when it ends. All go by themselves: a list with
-- the last of its sessions, and from it what ended more than an hour ago, which is
-- far more than clocks differ.
local function write(id, mark, record, version, live, now)
  redis.call('HSET', KEYS[4], 'mark', mark, 'record', record, 'version', version)
  redis.call('PEXPIRE', KEYS[4], live)
  for i = 5, #KEYS do
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now - 3600000)
    redis.call('ZADD', KEYS[i], now + live, id)
    if redis.call('PTTL', KEYS[i]) < tonumber(live) then
      redis.call('PEXPIRE', KEYS[i], live)
    end
  end
end
