-- ARGV: mark, holder, the last entry that the holder knows, a count.
local last = head(ARGV[1])
local known, lost, news = ARGV[3], 0, {}
local acked = '0'
if known == last then
  acked = string.match(known, '^%d+')
else
  local all, at = redis.call('LRANGE', LOG, 0, -1), nil
  for i = #all, 1, -1 do
    if all[i] == known then
      at = i
      break
    end
  end
  if at then
    acked = string.match(known, '^%d+')
    for i = at + 1, #all do
      news[#news + 1] = all[i]
    end
  else
    lost = 1
  end
end
redis.call('HSET', LEASES, ARGV[2], acked .. ':' .. ARGV[4])
return {last, lost, news}
