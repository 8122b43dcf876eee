-- drill.lua: an operator wants a worker to stop as if it had crashed. Nothing is moved here: the worker hears of it by its
-- heartbeat (drilled.lua). A repeat gives the same answer.
-- ARGV[1] worker id      ARGV[2] id of the drill      ARGV[3] ms for which the drill is kept
-- Returns "asked", "unknown", "state" for one that is not ready, is lost or gone, or stops for another drill already, or
-- "refuses" for one that was started without drills.

local id, drill = ARGV[1], ARGV[2]
if redis.call('EXISTS', K.drill .. drill) == 1 then return 'asked' end
if not redis.call('ZSCORE', K.workers, id) then
  return redis.call('ZSCORE', K.gone, id) and 'state' or 'unknown'
end
local w = redis.call('HMGET', K.status .. id, 'state', 'drills', 'drill', 'name')
if w[2] ~= '1' then return 'refuses' end
if w[1] ~= 'ready' or w[3] then return 'state' end
redis.call('HSET', K.drill .. drill, 'worker', id, 'name', w[4], 'asked', now_text, 'held', 0)
redis.call('PEXPIRE', K.drill .. drill, ARGV[3])
redis.call('SADD', K.drilling, drill)
redis.call('HSET', K.status .. id, 'drill', drill)
redis.call('RPUSH', K.inbox .. id, 'drill')
commit()
return 'asked'
