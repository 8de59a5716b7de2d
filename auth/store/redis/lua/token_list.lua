-- KEYS[4..7]: tokens, last uses, earlier ends, ids of the owner.
local answer = {}
for _, id in ipairs(redis.call('SMEMBERS', KEYS[7])) do
  local record = redis.call('HGET', KEYS[4], id)
  if record then
    answer[#answer + 1] = {id, record, redis.call('HGET', KEYS[5], id), redis.call('HGET', KEYS[6], id)}
  end
end
return answer
