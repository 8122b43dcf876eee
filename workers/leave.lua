-- leave.lua: draining -> gone. Started tasks that it could not finish in time were released by its last turn.
-- ARGV[1] worker id. Returns 1; 0 where something still stands on its list: then the monitor will find it lost.

local id = ARGV[1]
if not redis.call('ZSCORE', K.workers, id) then return 1 end
unstarted(id, 1e9)
flush()
if redis.call('LLEN', K.processing .. id) > 0 then return 0 end
retire(id, 'gone')
wake()
commit()
return 1
