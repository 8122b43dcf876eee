-- leave.lua: draining -> gone. Started tasks that it could not finish in time were released by its last turn.
-- ARGV[1] worker id. Returns 1; 0 where something still runs on it: it stays, with nothing more assigned.

local id = ARGV[1]
if not redis.call('ZSCORE', K.workers, id) then return 1 end
without_memory()
unstarted(id, 1e9)
flush()
wake()
local empty = redis.call('LLEN', K.processing .. id) == 0
if empty then retire(id, 'gone') end
commit()
return empty and 1 or 0
