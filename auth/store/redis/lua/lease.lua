-- Begins every script. The first three keys are the log of changes, the leases
-- and the run of the server that all leases are known to be from.
--
-- An entry of the log is "number:mark:name"; the first of all has number 0 and a
-- random mark, so that no two histories begin alike.
local LOG, LEASES, TENURE = KEYS[1], KEYS[2], KEYS[3]

local function number(entry)
  return tonumber(string.match(entry, '^(%d+):'))
end

-- head is the last entry of the log.
local function head(mark)
  local last = redis.call('LINDEX', LOG, -1)
  if not last then
    last = '0:' .. mark .. ':'
    redis.call('RPUSH', LOG, last)
  end
  return last
end

-- change writes into the log that name is to be dropped everywhere.
local function change(mark, channel, name)
  local n = number(head(mark)) + 1
  redis.call('RPUSH', LOG, string.format('%.0f', n) .. ':' .. mark .. ':' .. name)
  redis.call('LTRIM', LOG, -1000, -1)
  redis.call('PUBLISH', channel, '')
end

-- changed reports whether a script with this mark ran before.
local function changed(mark)
  for _, entry in ipairs(redis.call('LRANGE', LOG, -200, -1)) do
    local n, m = string.match(entry, '^(%d+):(%x+):')
    if m == mark and n ~= '0' then
      return true
    end
  end
  return false
end

-- run names this server's time as the one that takes writes: it is another one
-- after a start and after a failover. Nothing, where the server will not say.
local function run()
  local id = ''
  for _, section in ipairs({'server', 'replication'}) do
    local info = redis.pcall('INFO', section)
    if type(info) == 'table' then
      return string.find(info.err or '', 'not supported') and 'none' or ''
    end
    id = id .. (string.match(info, 'run_id:(%x+)') or '') .. (string.match(info, 'master_replid:(%x+)') or '')
  end
  return id
end

-- pending are the leases that do not know of change n yet: the run, whether all
-- leases of other runs are over, and holder and value of each.
local function pending(n)
  local id = run()
  local known = id ~= '' and redis.call('GET', TENURE) == id
  local answer = {id, known and 1 or 0}
  local all = redis.call('HGETALL', LEASES)
  for i = 1, #all, 2 do
    if number(all[i + 1]) < n then
      answer[#answer + 1] = all[i]
      answer[#answer + 1] = all[i + 1]
    end
  end
  return answer
end
