-- ARGV: holder.
return redis.call('HDEL', LEASES, ARGV[1])
