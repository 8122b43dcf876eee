-- heartbeat.lua: proof of life. ARGV: worker id, slots that can take work, prefetch
-- Returns {"lost"} for a worker that is no longer in the inventory, else {state, "1" where it should drain or "", how
-- many tasks it runs, the drill that it should stop for or "", ids to cancel ...}. It also shows the worker to assign again, should level have hidden it.

local id, key = ARGV[1], K.status .. ARGV[1]
if not redis.call('ZSCORE', K.workers, id) then return { 'lost' } end
without_memory()
redis.call('ZADD', K.workers, int(now), id)
redis.call('HSET', key, 'heartbeat', int(now), 'slots', ARGV[2], 'prefetch', ARGV[3])
shift(id, 0, 0)
local w = redis.call('HMGET', key, 'state', 'drain', 'running', 'drill')
local answer = { w[1], w[2] or '', w[3], w[4] or '' }
for _, task in ipairs(redis.call('SMEMBERS', K.cancels .. id)) do answer[#answer + 1] = task end
commit()
return answer
