-- KEYS[4]: the session.
return {redis.call('LINDEX', LOG, -1) or '', redis.call('HGET', KEYS[4], 'record')}
