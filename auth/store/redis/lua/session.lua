-- Begins the scripts that write a session: KEYS[4] is a hash of mark, record and
-- version, and KEYS[5…] are sets that list it. All go by themselves, a set with the
-- last of its sessions.
local function write(id, mark, record, version, live)
  redis.call('HSET', KEYS[4], 'mark', mark, 'record', record, 'version', version)
  redis.call('PEXPIRE', KEYS[4], live)
  for i = 5, #KEYS do
    redis.call('SADD', KEYS[i], id)
    if redis.call('PTTL', KEYS[i]) < tonumber(live) then
      redis.call('PEXPIRE', KEYS[i], live)
    end
  end
end
