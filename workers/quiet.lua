-- quiet.lua: an operator drains a worker: ready -> draining at once; the worker hears so by its heartbeat.
-- ARGV[1] worker id. Returns "draining", "unknown", or "state" for one that is lost or gone.

local id = ARGV[1]
if not redis.call('ZSCORE', K.workers, id) then
  return redis.call('ZSCORE', K.gone, id) and 'state' or 'unknown'
end
without_memory()
redis.call('HSET', K.status .. id, 'drain', '1', 'state', 'draining')
if unstarted(id, 1e9) > 0 then wake() end
flush()
shift(id, 0, 0)
redis.call('RPUSH', K.inbox .. id, 'drain')
commit()
return 'draining'
