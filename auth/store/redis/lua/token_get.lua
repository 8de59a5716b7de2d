-- KEYS[4..6]: tokens, last uses, earlier ends. ARGV: id.
return {
  redis.call('LINDEX', LOG, -1) or '',
  redis.call('HGET', KEYS[4], ARGV[1]),
  redis.call('HGET', KEYS[5], ARGV[1]),
  redis.call('HGET', KEYS[6], ARGV[1]),
}
