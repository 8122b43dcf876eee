-- drilled.lua: the last word of a worker that stops for a drill. A crash would say nothing: this notes only what it holds,
-- so that what becomes of it can be counted, and leaves everything where it stands for reclaim to find.
-- ARGV[1] worker id      ARGV[2] id of the drill
-- Returns how many tasks it held, or -1 where the worker is lost, the drill over, or this was said before.

local id, key = ARGV[1], K.drill .. ARGV[2]
if not redis.call('ZSCORE', K.workers, id) or redis.call('EXISTS', key) == 0 or redis.call('HEXISTS', key, 'stopped') == 1 then
  return -1
end
without_memory()
local ids, fields = redis.call('LRANGE', K.processing .. id, 0, -1), {}
for i, task in ipairs(ids) do fields[2 * i - 1], fields[2 * i] = task, '' end
many('HSET', K.drill_tasks .. ARGV[2], fields)
redis.call('PEXPIRE', K.drill_tasks .. ARGV[2], redis.call('PTTL', key))
redis.call('HSET', key, 'stopped', now_text, 'held', #ids)
commit()
return #ids
