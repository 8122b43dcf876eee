-- quiet.lua: an operator asks a worker to drain; it hears so by its next heartbeat, at once.
-- ARGV[1] worker id. Returns 1, or 0 for a worker that is not in the inventory.

local id = ARGV[1]
if not redis.call('ZSCORE', K.workers, id) then return 0 end
redis.call('HSET', K.status .. id, 'drain', '1')
redis.call('RPUSH', K.inbox .. id, 'drain')
commit()
return 1
