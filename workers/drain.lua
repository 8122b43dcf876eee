-- drain.lua: ready -> draining. What was assigned and not started goes back to the head of its queue.
-- ARGV[1] worker id. Returns the number given back, or -1 for a worker that is not in the inventory.

local id = ARGV[1]
if not redis.call('ZSCORE', K.workers, id) then return -1 end
without_memory()
redis.call('HSET', K.status .. id, 'state', 'draining')
local n = unstarted(id, 1e9)
flush()
shift(id, 0, 0)
if n > 0 then wake() end
commit()
return n
