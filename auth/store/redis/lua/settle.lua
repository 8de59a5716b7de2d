-- Runs once all leases are over that were pending. ARGV: the run as it was then,
-- and holder and value of each: one that was renewed since stays.
local id = run()
if id ~= '' and id == ARGV[1] then
  redis.call('SET', TENURE, id)
end
for i = 2, #ARGV, 2 do
  if redis.call('HGET', LEASES, ARGV[i]) == ARGV[i + 1] then
    redis.call('HDEL', LEASES, ARGV[i])
  end
end
return 1
